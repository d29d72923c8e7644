import LinAlg

/// The iterates w_0 … w_t of a map, walked from the last one back; kept, or recomputed from √t checkpoints.
struct Trajectory<Map: FixedPointMap> {
  typealias Element = Map.Element
  private let problem: FixedPointProblem<Map>
  private let length: Int
  /// The first iterate that the walk visits.
  private let first: Int
  private let interval: Int
  /// Iterates at first, first + interval, ….
  private var checkpoints: [Vector<Element>] = []
  /// The iterates recomputed from checkpoint number `loaded`.
  private var segment: [Vector<Element>] = []
  private var loaded = -1
  /// The step of the iterate given last.
  private var position: Int
  /// w_t.
  private(set) var last: Vector<Element>

  /// Runs the iteration forward.
  ///
  /// - Parameter kept: only the last so many iterates are walked, and only they are remembered.
  init(_ problem: FixedPointProblem<Map>, length: Int, _ memory: IterateMemory, kept: Int?) {
    self.problem = problem
    self.length = length
    let walked = min(length, kept ?? length)
    first = length - walked
    interval = memory == .all ? 1 : max(1, Int(Double(walked).squareRoot().rounded(.up)))
    position = length
    var w = Vector(copying: problem.state)
    var next = Vector<Element>.zeros(w.count)
    for s in 0..<length {
      if s >= first && (s - first) % interval == 0 { checkpoints.append(Vector(copying: w)) }
      problem.map.apply(w, parameters: problem.parameters, into: &next)
      swap(&w, &next)
    }
    last = w
  }

  /// w ← the iterate before the one given last (w_{t−1} at first); false, and w untouched, where there is none.
  mutating func stepBack(into w: inout Vector<Element>) -> Bool {
    guard position > first else { return false }
    position -= 1
    let checkpoint = (position - first) / interval
    if checkpoint != loaded { recompute(from: checkpoint) }
    w.copy(from: interval == 1 ? checkpoints[checkpoint] : segment[(position - first) % interval])
    return true
  }

  /// segment ← the iterates from a checkpoint up to the next one.
  private mutating func recompute(from checkpoint: Int) {
    loaded = checkpoint
    guard interval > 1 else { return }
    let start = first + checkpoint * interval
    let count = min(interval, length - start)
    while segment.count < count { segment.append(.zeros(last.count)) }
    // Through a pointer: an array element passed inout from generic code costs an allocation each time.
    let source = checkpoints[checkpoint]
    let (map, λ) = (problem.map, problem.parameters)
    segment.withUnsafeMutableBufferPointer {
      guard let buffer = $0.baseAddress else { return }
      buffer[0].copy(from: source)
      for s in 1..<max(1, count) {
        map.apply(buffer[s - 1], parameters: λ, into: &buffer[s])
      }
    }
  }
}
