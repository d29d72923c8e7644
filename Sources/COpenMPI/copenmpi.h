// Open MPI as a system library, for its flags alone: CMPI includes mpi.h itself, since MPI's constants are macros that Swift does not see.
#include <mpi.h>
