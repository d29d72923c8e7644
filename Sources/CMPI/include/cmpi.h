#ifndef CMPI_H
#define CMPI_H

// MPI under fixed names: its constants are macros, its handles differ between implementations and its counts are 32 bits wide. Counts here are
// 64 bits wide, and a message that is longer than MPI can count goes in parts. Where the package trait MPI is off, the same functions for one rank.
//
// Functions return 0, or MPI's error code (see cmpi_error).

#include <stdint.h>

/// A communicator, as the integer that MPI knows it by in Fortran.
typedef int32_t cmpi_comm;

enum cmpi_type { cmpi_float, cmpi_double, cmpi_int64, cmpi_byte };
enum cmpi_operation { cmpi_sum, cmpi_max, cmpi_min };

/// Whether this was built with MPI.
int32_t cmpi_is_available(void);
/// Starts MPI; `is_serialized` tells whether one thread at a time, whichever, may call it.
int32_t cmpi_start(int32_t *is_serialized);
int32_t cmpi_end(void);
/// Ends the processes of all ranks with this exit code.
void cmpi_abort(int32_t code);
cmpi_comm cmpi_world(void);
int32_t cmpi_rank(cmpi_comm comm);
int32_t cmpi_size(cmpi_comm comm);
/// The ranks that give the same color, in the order of their ranks.
int32_t cmpi_split(cmpi_comm comm, int32_t color, cmpi_comm *part);
int32_t cmpi_free(cmpi_comm *comm);
/// What an error code means, cut off at `capacity`.
void cmpi_error(int32_t code, char *text, int32_t capacity);

int32_t cmpi_barrier(cmpi_comm comm);
int32_t cmpi_allreduce(cmpi_comm comm, void *data, int64_t count, int32_t type, int32_t operation);
int32_t cmpi_broadcast(cmpi_comm comm, void *data, int64_t count, int32_t type, int32_t root);
/// Rank k has counts[k] entries at the sum of the counts before; afterwards every rank has all of them.
int32_t cmpi_allgather(cmpi_comm comm, void *data, const int64_t *counts, int32_t type);
/// The same, but `root` alone has all of them.
int32_t cmpi_gather(cmpi_comm comm, void *data, const int64_t *counts, int32_t type, int32_t root);
/// `root` has all entries; afterwards rank k has its counts[k].
int32_t cmpi_scatter(cmpi_comm comm, void *data, const int64_t *counts, int32_t type, int32_t root);

/// A sum, maximum or minimum under way. Its memory must stay as it is until cmpi_wait.
typedef struct cmpi_request cmpi_request;
int32_t cmpi_begin_allreduce(
  cmpi_comm comm, void *data, int64_t count, int32_t type, int32_t operation, cmpi_request **request);
int32_t cmpi_wait(cmpi_request *request);

/// The longest message in entries; for tests of messages in parts. At first what 32 bits count.
void cmpi_set_longest_message(int64_t count);

#endif
