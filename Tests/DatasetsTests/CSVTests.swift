import Datasets
import TestSupport
import Testing

@Suite struct CSVTests {
  @Test func quotesWhatNeedsIt() {
    var table = CSV(columns: ["name", "a,b", "say \"x\""])
    table.append(["two\nlines", "\r", "plain"])
    table.append(["", "é", " spaces "])
    table.append(["crlf\r\n", "\"", "\"\u{301}"])
    #expect(
      table.text
        == "name,\"a,b\",\"say \"\"x\"\"\"\n\"two\nlines\",\"\r\",plain\n,é, spaces \n\"crlf\r\n\",\"\"\"\",\"\"\"\u{301}\"\n"
    )
  }

  @Test func numbersComeBack() throws {
    let values = [0.1, 1.0 / 3, Double.leastNonzeroMagnitude, 1.7976931348623157e308, -0.0, 123456789.0, 1e22]
    var table = CSV(columns: ["x", "n", "flag"])
    for value in values { table.append([value, 7, true]) }
    let lines = table.text.split(separator: "\n").dropFirst()
    #expect(lines.map { Double($0.split(separator: ",")[0])!.bitPattern } == values.map(\.bitPattern))
    #expect(lines.allSatisfy { $0.hasSuffix(",7,true") })
  }

  @Test func anEmptyFieldAloneIsStillALine() {
    var table = CSV(columns: ["x"])
    table.append([""])
    #expect(table.text == "x\n\"\"\n")
  }

  @Test func writesTheText() throws {
    let directory = try TemporaryDirectory()
    var table = CSV(columns: ["t", "error"])
    table.append([1, Float(0.25)])
    try table.write(to: directory.file("t.csv"))
    #expect(try directory.bytes("t.csv") == Array("t,error\n1,0.25\n".utf8))
  }
}
