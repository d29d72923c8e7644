// One body, several processor generations: the loader binds the best clone. The thread sanitizer crashes on the clones'
// resolvers, and other platforms have no such loader; there the baseline body alone is built.
#ifndef IMPLICITDIFF_MULTIVERSION_H
#define IMPLICITDIFF_MULTIVERSION_H

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__x86_64__) && defined(__linux__) && !__has_feature(thread_sanitizer)
#define CK_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define CK_CLONES
#endif

// Before a loop whose step i reads and writes entries i alone. Its output may be one of its inputs then, which the compiler cannot know:
// it would choose, when the loop runs on arrays that overlap, a version without vectors (seven times slower at 1000 numbers).
#define CK_ENTRYWISE _Pragma("clang loop vectorize(assume_safety)")

#endif
