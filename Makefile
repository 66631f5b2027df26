# Everything here sets up what it needs first (tests/setup), and sets nothing up when it is there.
WITH = sh tests/setup/with.sh

.PHONY: run demo journal firmware test bench soak check help

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

# make run                  the emulator's page: two handhelds, a bad line, the built-in exchange. HEADLESS=1 only serves
HEADLESS ?=
run:
	@$(WITH) run python -m nocarrier_emulator serve $(if $(HEADLESS),--headless) $(if $(PORT),--port $(PORT))

# make demo                 the main job without a window. SERVER=prosody PEER=slixmpp SEED=1 SPEED=8 HEAP=64k
SERVER ?= exchange
PEER ?= nocarrier
SEED ?= 1
SPEED ?= 8
HEAP ?= 64k
demo:
	@$(WITH) test python -m nocarrier_emulator demo --server $(SERVER) --peer $(PEER) --seed $(SEED) --speed $(SPEED) \
		--heap $(HEAP)

# make journal FOLDER=…     what is on a handheld's flash, copied into a folder, and whether all of it can be read
journal:
	@$(WITH) run python -m nocarrier_emulator journal $(FOLDER)

# make firmware BOARD=mps2  a board's firmware with everything in ROM, where the toolchain is a package: mps2, unix. HEAP=64k
BOARD ?=
firmware:
	@$(WITH) test sh tests/setup/board.sh "$(BOARD)" "$(HEAP)"

# make test                 all tests, after the static checks, in two rows (tests/rows.py). ARGS="-k words" for some
test: check
	@$(WITH) test python tests/rows.py $(ARGS)

# make check                ruff, and mypy with MicroPython's type stubs
check:
	@$(WITH) test sh tests/setup/check.sh

# make bench NAME=name      one measurement; its last line is a JSON object. Without NAME: the names
bench:
	@$(WITH) test python tests/named.py tests/bench $(NAME)

# make soak NAME=name       a long campaign; its last line is a JSON object. Without NAME: the names
soak:
	@$(WITH) test python tests/named.py tests/soak $(NAME)
