// What frozen_content.c needs when makerom.py has laid packages out in ROM.
#include "py/bc.h"
#include "py/obj.h"
#include "py/objfun.h"
#include "py/objtype.h"

#if MICROPY_PY_SYS_SETTRACE || !MICROPY_EMIT_BYTECODE_USES_QSTR_TABLE
#error "makerom.py does not know this layout of functions"
#endif

// As mp_obj_fun_bc_t, but constant.
typedef struct _rom_fun_t {
    mp_obj_base_t base;
    const mp_module_context_t *context;
    const void *child_table;
    const byte *bytecode;
    mp_rom_obj_t defaults[];
} rom_fun_t;

// As mp_obj_cell_t and mp_obj_closure_t: a method that says super() holds its class.
typedef struct _rom_cell_t {
    mp_obj_base_t base;
    mp_rom_obj_t value;
} rom_cell_t;
extern const mp_obj_type_t mp_type_closure;
typedef struct _rom_closure_t {
    mp_obj_base_t base;
    mp_rom_obj_t fun;
    size_t n_closed;
    mp_rom_obj_t closed[1];
} rom_closure_t;
#define ROM_CLOSURE(symbol, fun_, class_) \
    static const rom_cell_t symbol##_cell = {{&mp_type_object}, class_}; /* nobody looks at the type of a cell */ \
    extern const rom_fun_t fun_; \
    const rom_closure_t symbol = {{&mp_type_closure}, MP_ROM_PTR(&fun_), 1, {MP_ROM_PTR(&symbol##_cell)}}

// A dict; symbol##_rows is there: a hash table, or in order.
#define ROM_DICT(symbol, names_, ordered_, used_) \
    static const mp_obj_dict_t symbol = { \
        .base = {&mp_type_dict}, \
        .map = { \
            .all_keys_are_qstrs = names_, .is_fixed = 1, .is_ordered = ordered_, .used = used_, \
            .alloc = MP_ARRAY_SIZE(symbol##_rows), .table = (mp_map_elem_t *)(void *)symbol##_rows, \
        }, \
    }

// As mp_obj_property_t, which no header has.
typedef struct _rom_property_t {
    mp_obj_base_t base;
    mp_rom_obj_t get_set_delete[3];
} rom_property_t;

mp_obj_t rom_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args);
void rom_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind);
mp_obj_t rom_unary_op(mp_unary_op_t op, mp_obj_t self_in);
mp_obj_t rom_binary_op(mp_binary_op_t op, mp_obj_t lhs_in, mp_obj_t rhs_in);
void rom_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest);
mp_obj_t rom_subscr(mp_obj_t self_in, mp_obj_t index, mp_obj_t value);
mp_int_t rom_get_buffer(mp_obj_t self_in, mp_buffer_info_t *bufinfo, mp_uint_t flags);

// A class as mp_obj_new_type() makes it. `parent`: 11 if it has one, and then that; else 0 and NULL.
#define ROM_TYPE(symbol, name_, flags_, locals_, parent_index, parent_) \
    const mp_obj_full_type_t symbol = { \
        .base = {&mp_type_type}, .flags = flags_, .name = name_, \
        .slot_index_make_new = 1, .slot_index_print = 2, .slot_index_call = 3, .slot_index_unary_op = 4, \
        .slot_index_binary_op = 5, .slot_index_attr = 6, .slot_index_subscr = 7, .slot_index_iter = 8, \
        .slot_index_buffer = 9, .slot_index_locals_dict = 10, .slot_index_parent = parent_index, \
        .slots = { rom_make_new, rom_print, mp_obj_instance_call, rom_unary_op, rom_binary_op, rom_attr, rom_subscr, \
                   mp_obj_instance_getiter, rom_get_buffer, &locals_, parent_ }, \
    }

#define ROM_TYPE_FLAGS (MP_TYPE_FLAG_EQ_NOT_REFLEXIVE | MP_TYPE_FLAG_EQ_CHECKS_OTHER_TYPE \
    | MP_TYPE_FLAG_EQ_HAS_NEQ_TEST | MP_TYPE_FLAG_ITER_IS_GETITER | MP_TYPE_FLAG_INSTANCE_TYPE \
    | MP_TYPE_FLAG_IS_SUBCLASSED)
