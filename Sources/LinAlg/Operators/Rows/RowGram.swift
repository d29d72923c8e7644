/// y ← α A_Sᵀ diag(d) A_S x for a matrix that lies row by row, in one pass. Keeps its scratch; used by one task at a time.
final class RowGram<Element: Scalar> {
  /// x and y among all columns, where some are chosen.
  private var full = Vector<Element>.zeros(0)
  private var sum = Vector<Element>.zeros(0)
  /// The sums of every task but the first, and what each has of the product with A.
  private var partials = Vector<Element>.zeros(0)
  private var images = Vector<Element>.zeros(0)

  func assign(
    to y: inout Vector<Element>, _ A: RowEntries<Element>, columns S: IndexSubset?, _ x: Vector<Element>,
    weights d: Vector<Element>?, alpha α: Element
  ) {
    guard let S else { return multiply(A, x, d, α, into: &y) }
    if full.count != A.columns { (full, sum) = (.zeros(A.columns), .zeros(A.columns)) }
    full.fill(0)
    full.scatter(S, from: x)
    multiply(A, full, d, α, into: &sum)
    y.gather(S, from: sum)
  }

  private func multiply(
    _ A: RowEntries<Element>, _ x: Vector<Element>, _ d: Vector<Element>?, _ α: Element, into y: inout Vector<Element>
  ) {
    let (n, p, height) = (A.rows, A.columns, A.stretch)
    y.fill(0)
    if n == 0 || p == 0 { return }
    let tasks = max(1, min(n / 8, Parallel.tasks(multiplications: 4 * n * p)))
    if images.count < tasks * height { images = .zeros(tasks * height) }
    if partials.count < (tasks - 1) * p { partials = .zeros((tasks - 1) * p) }
    partials.fill(0)
    let target = RowMemory(y.mutableBase())
    let others = RowMemory(partials.mutableBase())
    let image = RowMemory(images.mutableBase())
    let (given, weights) = (
      RowMemory(UnsafeMutablePointer(mutating: x.base)), d.map { RowMemory(UnsafeMutablePointer(mutating: $0.base)) }
    )
    Parallel.run(tasks) { task in
      let (first, last) = (n * task / tasks / 8 * 8, task + 1 == tasks ? n : n * (task + 1) / tasks / 8 * 8)
      A.addGram(
        first..<last, given.pointer, weights.map { UnsafePointer($0.pointer) },
        task == 0 ? target.pointer : others.pointer + (task - 1) * p, image.pointer + task * height)
    }
    for task in 1..<tasks { Element._axpy(p, 1, others.pointer + (task - 1) * p, target.pointer) }
    if α != 1 { y.scale(by: α) }
  }
}
