import Bilevel
import Testing

@Suite struct FoldsTests {
  @Test(arguments: [(10, 3, 1), (7, 7, 2), (100, 10, 3)])
  func everyRowIsHeldOutOncePerRepeat(_ n: Int, _ k: Int, _ repeats: Int) throws {
    let folds = try Folds.kFold(k, rows: n, repeats: repeats).folds
    #expect(folds.count == k * repeats)
    var count = Array(repeating: 0, count: n)
    for fold in folds {
      #expect(Set(fold.train).isDisjoint(with: fold.heldOut) && fold.train.count + fold.heldOut.count == n)
      #expect((n / k...(n + k - 1) / k).contains(fold.heldOut.count))
      for i in fold.heldOut { count[i] += 1 }
    }
    #expect(count.allSatisfy { $0 == repeats })
  }

  @Test func aSeedGivesTheSameFoldsAndAnotherOnesOthers() throws {
    #expect(try Folds.kFold(5, rows: 50, seed: 3) == Folds.kFold(5, rows: 50, seed: 3))
    #expect(try Folds.kFold(5, rows: 50, seed: 3) != Folds.kFold(5, rows: 50, seed: 4))
    #expect(try Folds.kFold(2, rows: 4, seed: nil).folds[0].heldOut == [0, 1])
  }

  @Test func classesAreSpreadEvenly() throws {
    let labels = (0..<50).map { $0 % 10 == 0 ? 1.0 : -1.0 }
    for fold in try Folds.kFold(5, rows: 50, stratifiedBy: labels).folds {
      #expect(fold.heldOut.count { labels[$0] == 1 } == 1)
    }
    #expect(throws: FoldError.classSmallerThanFolds(label: 1, members: 5, folds: 6)) {
      try Folds.kFold(6, rows: 50, stratifiedBy: labels)
    }
  }

  @Test func groupsStayTogetherAndTimeRunsForward() throws {
    let groups = [5, 5, 5, 1, 1, 2, 9, 9]
    let folds = try Folds.grouped(groups, count: 3).folds
    for fold in folds {
      #expect(Set(fold.train.map { groups[$0] }).isDisjoint(with: fold.heldOut.map { groups[$0] }))
      #expect(!fold.heldOut.isEmpty)
    }
    #expect(folds.flatMap(\.heldOut).sorted() == Array(0..<8))
    for fold in try Folds.timeSeries(4, rows: 23).folds { #expect(fold.train.max()! < fold.heldOut.min()!) }
  }

  @Test func impossibleFoldsAreRefused() {
    #expect(throws: FoldError.moreFoldsThanRows(folds: 4, rows: 3)) { try Folds.kFold(4, rows: 3) }
    #expect(throws: FoldError.tooFew(1)) { try Folds.kFold(1, rows: 3) }
    #expect(throws: FoldError.moreFoldsThanGroups(folds: 3, groups: 2)) { try Folds.grouped([1, 1, 2], count: 3) }
    #expect(throws: FoldError.moreFoldsThanRows(folds: 4, rows: 3)) { try Folds.timeSeries(3, rows: 3) }
  }
}
