// The clock of the board "mps2": the free-running counter of the FPGA's I/O block, which is set to microseconds.
#include "py/mphal.h"
#include "py/runtime.h"

#define FPGAIO_COUNTER (*(volatile uint32_t *)0x40028018)
#define FPGAIO_PRESCALE (*(volatile uint32_t *)0x4002801c)
#define CLOCKS_OF_A_MICROSECOND (25)

// The counter wraps every 71 minutes; whoever asks more often than that sees none of it.
static uint64_t microseconds(void) {
    static uint32_t last, wraps;
    FPGAIO_PRESCALE = CLOCKS_OF_A_MICROSECOND - 1;
    uint32_t now = FPGAIO_COUNTER;
    wraps += now < last;
    last = now;
    return (uint64_t)wraps << 32 | now;
}

mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)microseconds();
}

mp_uint_t mp_hal_ticks_ms(void) {
    return (mp_uint_t)(microseconds() / 1000);
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return mp_hal_ticks_us();
}

uint64_t mp_hal_time_ns(void) {
    return microseconds() * 1000;
}

void mp_hal_delay_us(mp_uint_t delay_us) {
    for (uint64_t end = microseconds() + delay_us; microseconds() < end;) {
    }
}

void mp_hal_delay_ms(mp_uint_t delay_ms) {
    for (uint64_t end = microseconds() + 1000ull * delay_ms; microseconds() < end;) {
        mp_handle_pending(true);
    }
}
