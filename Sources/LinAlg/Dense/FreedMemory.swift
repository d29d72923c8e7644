internal import CKernels

/// What becomes of memory that this process has freed.
package enum FreedMemory {
  /// It stays with the process and is used again. By default the C library gives large blocks back to the system at once, which clears the next one
  /// anew, page by page: a command that makes many vectors of some ten thousand numbers spends a tenth of its time on that. Blocks above 32 MiB, the
  /// most that can be kept, still go back. For programs: a library leaves the allocator alone.
  package static func keep() { ck_keep_freed_memory() }
}
