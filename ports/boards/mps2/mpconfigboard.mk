# The board "mps2": a Cortex-M3 without an operating system (ARM MPS2 with AN385, as QEMU has it), with what a handset
# needs and MicroPython's own board of that name has not: time, and LittleFS. Built by tests/setup/firmware.sh.
QEMU_ARCH = arm
QEMU_MACHINE = mps2-an385

CFLAGS += -mthumb -mcpu=cortex-m3 -mfloat-abi=soft
CFLAGS += -DQEMU_SOC_MPS2
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M3"'
CFLAGS += -I$(BOARD_DIR) -DMP_CONFIGFILE='"mpconfigboard.h"'
MPY_CROSS_FLAGS += -march=armv7m

SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o
SRC_C += $(BOARD_DIR)/clock.c shared/timeutils/timeutils.c
MICROPY_VFS_LFS2 = 1

# The port's own linker script, but for the tables for unwinding, which nobody reads and LittleFS brings in.
LDSCRIPT = $(BUILD)/mps2.ld
$(LDSCRIPT): mcu/arm/mps2.ld
	$(Q)$(MKDIR) -p $(BUILD)
	$(Q)$(SED) 's|^SECTIONS$$|SECTIONS { /DISCARD/ : { *(.ARM.exidx*) *(.ARM.extab*) } }\n&|' $< > $@
