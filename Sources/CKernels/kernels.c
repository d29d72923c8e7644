#define CK_T float
#define CK_X s
#define CK_ABS __builtin_fabsf
#include "kernels.inc"
#undef CK_T
#undef CK_X
#undef CK_ABS
#define CK_T double
#define CK_X d
#define CK_ABS __builtin_fabs
#include "kernels.inc"
