// What happens before main in a program that links this, and its end.
#ifndef CPROCESSSTART_H
#define CPROCESSSTART_H

// To be called first thing in main: the environment is again what the program was started with.
void process_has_started(void);

#endif
