internal import LinAlg
internal import NonsmoothMaps

/// A program in single assignment: every node is one operation on earlier nodes. Equal operations on equal operands are one node.
///
/// Values and derivatives are nodes of the same tape: the derivative of a tape is again a tape (``pullback(of:seed:to:)``).
final class Tape<Element: Scalar> {
  struct Node {
    let operation: Operation<Element>
    let operands: [Int]
    let shape: Shape
    /// The inputs it depends on, one bit each; the highest stands for the minibatch.
    let sources: UInt8
    /// Those that a derivative flows to.
    let differentiable: UInt8
  }

  private struct Key: Hashable {
    let operation: Operation<Element>
    let operands: [Int]
    let shape: Shape
  }

  static var batchBit: UInt8 { 1 << 7 }

  private(set) var nodes: [Node] = []
  private var known: [Key: Int] = [:]
  private(set) var inputs: [Int] = []
  private(set) var inputNames: [String] = []

  private(set) var constants: [Vector<Element>] = []
  private(set) var designs: [any DesignMatrix<Element>] = []
  private(set) var operators: [any AdjointableOperator<Element>] = []
  private(set) var indexLists: [[Int]] = []
  private(set) var proximals: [TracedProximal<Element>] = []
  private var designBytes: [[UInt8]] = []
  private var operatorBytes: [[UInt8]] = []

  /// Where the closure is.
  let place: Place
  /// The first error met; what comes after it means nothing.
  private(set) var error: TracingError?

  init(place: Place) { self.place = place }

  func fail(_ operation: String, _ reason: String, at place: Place? = nil) {
    if error == nil {
      error = TracingError(operation: operation, reason: reason, place: (place ?? self.place).text)
    }
  }

  // MARK: - Nodes

  func shape(_ node: Int) -> Shape { nodes[node].shape }
  func sources(_ node: Int) -> UInt8 { nodes[node].sources }

  /// A new input, named in what is printed.
  func addInput(_ name: String, _ shape: Shape) -> Int {
    let index = inputs.count
    precondition(index < 7, "Tape: seven inputs are all there are bits for")
    let node = append(.input(index), [], shape)
    inputs.append(node)
    inputNames.append(name)
    return node
  }

  /// The node of an operation, one that is there already where there is an equal one.
  func append(_ operation: Operation<Element>, _ operands: [Int], _ shape: Shape) -> Int {
    let key = Key(operation: operation, operands: operands, shape: shape)
    if let node = known[key] { return node }
    var sources: UInt8 = 0
    var differentiable: UInt8 = 0
    for operand in operands {
      sources |= nodes[operand].sources
      differentiable |= nodes[operand].differentiable
    }
    switch operation {
    case .input(let index):
      sources = 1 << index
      differentiable = sources
    case .sampled, .multiplyRows, .overBatch: sources |= Self.batchBit
    case .detach, .greater, .beyondThreshold: differentiable = 0
    default: break
    }
    if shape.isBatch { sources |= Self.batchBit }
    nodes.append(
      Node(
        operation: operation, operands: operands, shape: shape, sources: sources, differentiable: differentiable))
    known[key] = nodes.count - 1
    return nodes.count - 1
  }

  // MARK: - Tables

  /// The place of a vector in the table; the same memory has the same place.
  func register(_ v: Vector<Element>) -> Int {
    if let k = constants.firstIndex(where: { $0.sharesMemory(with: v) }) { return k }
    constants.append(v)
    return constants.count - 1
  }

  /// The place of a design in the table. Two values of the same bytes refer to the same memory and are one.
  func register(_ X: any DesignMatrix<Element>) -> Int {
    let bytes = Self.bytes(ofDesign: X)
    if let k = designBytes.firstIndex(of: bytes) { return k }
    designs.append(X)
    designBytes.append(bytes)
    return designs.count - 1
  }

  /// A matrix or its transpose, whichever lies by columns, so that both are one design and neither is copied.
  func register(_ A: Matrix<Element>) -> (design: Int, transposed: Bool) {
    let byColumns = A.layout == .columnMajor
    let B = byColumns ? A : A.transposed
    let found = designs.firstIndex { X in
      guard let C = X.denseColumns else { return false }
      return C.rows == B.rows && C.columns == B.columns && C.stride == B.stride && C.base == B.base
    }
    if let found { return (found, !byColumns) }
    let design = DenseDesign(B)
    designs.append(design)
    designBytes.append(Self.bytes(ofDesign: design))
    return (designs.count - 1, !byColumns)
  }

  func register(_ A: any AdjointableOperator<Element>) -> Int {
    let bytes = Self.bytes(ofOperator: A)
    if let k = operatorBytes.firstIndex(of: bytes) { return k }
    operators.append(A)
    operatorBytes.append(bytes)
    return operators.count - 1
  }

  func register(_ indices: [Int]) -> Int {
    if let k = indexLists.firstIndex(of: indices) { return k }
    indexLists.append(indices)
    return indexLists.count - 1
  }

  func register(_ proximal: TracedProximal<Element>) -> Int {
    proximals.append(proximal)
    return proximals.count - 1
  }

  /// The bytes of a value: where they agree, so do all references in it.
  static func bytes<Design: DesignMatrix>(ofDesign X: Design) -> [UInt8] {
    withUnsafeBytes(of: X) { Array($0) } + Array("\(Design.self)".utf8)
  }

  static func bytes<Operator: AdjointableOperator>(ofOperator A: Operator) -> [UInt8] {
    withUnsafeBytes(of: A) { Array($0) } + Array("\(Operator.self)".utf8)
  }
}
