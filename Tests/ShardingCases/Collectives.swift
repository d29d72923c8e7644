import CMPI
import LinAlg
import Sharding

/// Typed messages, whole and in parts: all numbers are integers, so that sums are exact.
enum Collectives {
  static func check(_ world: borrowing World) throws {
    try check(world, Double.self)
    try check(world, Float.self)
    // As if 32 bits counted to 3.
    cmpi_set_longest_message(3)
    try check(world, Double.self)
    try check(world, Float.self)
    cmpi_set_longest_message(Int64(Int32.max))

    try require(try world.broadcast(world.rank == 0 ? "λ one" : "").utf8.count == 6, "broadcast of a text")
    try require(try world.allgather(world.rank * 5) == (0..<world.ranks).map { $0 * 5 }, "allgather")
    let group = try world.split(color: world.rank % 2)
    try require(
      group.ranks == (world.ranks + 1 - world.rank % 2) / 2 && group.rank == world.rank / 2, "split: \(group.rank)")
    var sum: Vector<Double> = [Double(world.rank)]
    try group.allreduce(&sum)
    let expected = (0..<world.ranks).filter { $0 % 2 == world.rank % 2 }.reduce(0, +)
    try require(sum == [Double(expected)], "sum over a group")
    report(world, "ranks", [Double(world.ranks)])
  }

  private static func check<Element: Scalar>(_ world: borrowing World, _: Element.Type) throws {
    let (rank, ranks) = (world.rank, world.ranks)
    let triangle = Element(ranks * (ranks + 1) / 2)
    var x = Vector<Element>(count: 7) { Element((rank + 1) * $0) }
    try world.allreduce(&x)
    try require(x == Vector(count: 7) { triangle * Element($0) }, "allreduce")
    var most = Vector<Element>(count: 2) { Element($0 == 0 ? rank : -rank) }
    try world.allreduce(&most, .maximum)
    try require(most == [Element(ranks - 1), 0], "maximum")
    // A view has gaps between its columns, which stay as they are.
    var A = Matrix<Element>(rows: 5, columns: 3) { Element((rank + 1) * ($0 + 10 * $1)) }[rows: 1..<4]
    try world.allreduce(&A)
    try require(A == Matrix(rows: 3, columns: 3) { triangle * Element($0 + 1 + 10 * $1) }, "allreduce of a matrix")
    var y = Vector<Element>(count: 5) { Element(100 * rank + $0) }
    let inside = try world.allreduce(&y, .sum) { rank + 1 }
    try require(
      inside == rank + 1 && y[2] == Element(100 * (ranks * (ranks - 1) / 2) + 2 * ranks), "allreduce under way")

    let last = ranks - 1
    var z = Vector<Element>(count: 5) { rank == last ? Element($0 + 1) : 0 }
    try world.broadcast(&z, from: last)
    try require(z == [1, 2, 3, 4, 5], "broadcast")

    // Counts 0, 2, 4, … with a root that is not the first.
    let counts = (0..<ranks).map { 2 * $0 }
    let total = counts.reduce(0, +)
    let begin = counts[..<rank].reduce(0, +)
    var parts = Vector<Element>.zeros(total)
    for k in begin..<begin + counts[rank] { parts[k] = Element(k + 1) }
    let whole = Vector<Element>(count: total) { Element($0 + 1) }
    var gathered = parts
    try world.gather(&gathered, counts: counts, to: last)
    try require(rank != last || gathered == whole, "gather")
    gathered = parts
    try world.gather(&gathered, counts: counts, to: nil)
    try require(gathered == whole, "gather to all")
    var scattered = rank == last ? whole : .zeros(total)
    try world.scatter(&scattered, counts: counts, from: last)
    try require((begin..<begin + counts[rank]).allSatisfy { scattered[$0] == whole[$0] }, "scatter")
    var rows = Matrix<Element>(rows: total, columns: 2, layout: .rowMajor) { i, j in
      (begin..<begin + counts[rank]).contains(i) ? Element(10 * i + j) : 0
    }
    try world.gather(&rows, counts: counts, to: nil)
    try require(rows == Matrix(rows: total, columns: 2) { Element(10 * $0 + $1) }, "gather of rows")
  }
}
