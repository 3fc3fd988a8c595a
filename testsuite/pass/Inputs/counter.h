/* A small service for the tests of the pass and of the linker: no system headers, so that only what is tested runs. */
#include <farcall/annotate.h>

far_service(counter, 1, 0);

far_op far_function_shipped far_fails(-1) int counter_add(int by, long times);
far_op far_data_shipped far_fails(0) int counter_value(void);
far_op far_function_shipped void counter_scale(double by);
