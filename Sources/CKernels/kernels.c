#define CK_T float
#define CK_X s
#define CK_ABS __builtin_fabsf
#define CK_LOG __builtin_logf
#define CK_SQRT __builtin_sqrtf
#define CK_IS_DOUBLE 0
#include "kernels.inc"
#undef CK_T
#undef CK_X
#undef CK_ABS
#undef CK_LOG
#undef CK_SQRT
#undef CK_IS_DOUBLE
#define CK_T double
#define CK_X d
#define CK_ABS __builtin_fabs
#define CK_LOG __builtin_log
#define CK_SQRT __builtin_sqrt
#define CK_IS_DOUBLE 1
#include "kernels.inc"

// Rows in single precision, all else in double.
#define CK_CAT2(a, b) a##_##b
#define CK_CAT(a, b) CK_CAT2(a, b)
#define CK(name) CK_CAT(name, CK_X)
#undef CK_X
#define CK_X sd
#define CK_S float
#include "rows.inc"
