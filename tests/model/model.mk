# SPDX-License-Identifier: MIT
#
# The model checker. Included by the Makefile; the models are one program for each
# m_*.c. The library's source is compiled into each of them; LIB=dir takes it from
# elsewhere (mutants).

MODELS := $(patsubst tests/model/m_%.c,%,$(sort $(wildcard tests/model/m_*.c)))
EXPLORER := race coroutine memory access system choice search trace main
MODEL_LIB ?= lib
MODEL_BUILD ?= $(BUILD)/model
MODEL_FLAGS := -fno-lto -Itests/model

explorer = $(patsubst %,$(BUILD)/model/%.o,$1)

$(BUILD)/model/%.o: tests/model/%.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(TL_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(MODEL_FLAGS) -MMD -MP \
		-c -o $@ $<

# What lib/threadlet.c includes, less what library.h stands in for.
$(MODEL_BUILD)/library.list: lib/threadlet.c tests/model/model.mk
	@mkdir -p $(@D)
	@sed -n '/"c[ep][lu][ls].*\.c"/d; /^#include "/p' $< >$@

$(MODEL_BUILD)/m_%.o: tests/model/m_%.c $(MODEL_BUILD)/library.list
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(TL_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(MODEL_FLAGS) \
		-I$(MODEL_LIB) -I$(MODEL_BUILD) -MMD -MP -c -o $@ $<

# The order matters: see tests/model/statics.h.
$(MODEL_BUILD)/%.model: $(call explorer,statics_begin) $(MODEL_BUILD)/m_%.o \
		$(call explorer,statics_end $(EXPLORER))
	$(call say,LINK,$@)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The same with plain accesses under watch, too: see tests/model/race.c.
$(MODEL_BUILD)/race_%.o: tests/model/m_%.c $(MODEL_BUILD)/library.list
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(TL_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(MODEL_FLAGS) \
		-fsanitize=thread -I$(MODEL_LIB) -I$(MODEL_BUILD) -MMD -MP -c -o $@ $<

$(MODEL_BUILD)/%.race: $(call explorer,statics_begin) $(MODEL_BUILD)/race_%.o \
		$(call explorer,statics_end $(EXPLORER))
	$(call say,LINK,$@)$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

-include $(wildcard $(MODEL_BUILD)/*.d) $(wildcard $(BUILD)/model/*.d)

model-programs: $(MODELS:%=$(MODEL_BUILD)/%.model)

model: model-programs
	@tests/model/run $(MODEL_BUILD) '$(BOUND)' '$(MODEL)'

# What the models would notice: see tests/model/mutants. MUTANT=name for one.
model-mutants: $(call explorer,statics_begin statics_end $(EXPLORER))
	@tests/model/run-mutants $(BUILD)/model '$(MUTANT)'

model-races: $(patsubst %,$(MODEL_BUILD)/%.race,$(MODELS))
	@PROGRAMS=race tests/model/run $(MODEL_BUILD) '$(or $(BOUND),1)' '$(MODEL)'

.PHONY: model model-races model-programs model-mutants
