#include "counter.h"

static int total;

int counter_add(int by, long times)
{
    return total += by * (int)times;
}
int counter_value(void)
{
    return total;
}
void counter_scale(double by)
{
    total = (int)(total * by);
}
