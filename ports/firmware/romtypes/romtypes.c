// The packages that makerom.py lays out in ROM, and what instances of classes in ROM do.
#include "py/objtype.h"
#include "py/runtime.h"
#include "romtypes.h"

extern const mp_obj_module_t rom_nocarrier;
extern const mp_obj_module_t rom_nocarrier_ports;
MP_REGISTER_MODULE(MP_QSTR_nocarrier, rom_nocarrier);
MP_REGISTER_MODULE(MP_QSTR_nocarrier_ports, rom_nocarrier_ports);

// Instances do what those of any Python class do. MicroPython's functions for that are not exported: they are taken
// from a class that is made for it when the first instance is.
static mp_make_new_fun_t make_new;
static mp_print_fun_t print_;
static mp_unary_op_fun_t unary_op;
static mp_binary_op_fun_t binary_op;
static mp_attr_fun_t attr_;
static mp_subscr_fun_t subscr;
static mp_buffer_fun_t get_buffer;

static void learn(void) {
    mp_obj_type_t *model = MP_OBJ_TO_PTR(mp_obj_new_type(MP_QSTR_, mp_const_empty_tuple, mp_obj_new_dict(0)));
    print_ = MP_OBJ_TYPE_GET_SLOT(model, print);
    unary_op = MP_OBJ_TYPE_GET_SLOT(model, unary_op);
    binary_op = MP_OBJ_TYPE_GET_SLOT(model, binary_op);
    attr_ = MP_OBJ_TYPE_GET_SLOT(model, attr);
    subscr = MP_OBJ_TYPE_GET_SLOT(model, subscr);
    get_buffer = MP_OBJ_TYPE_GET_SLOT(model, buffer);
    make_new = MP_OBJ_TYPE_GET_SLOT(model, make_new);
}

mp_obj_t rom_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    if (make_new == NULL) {
        learn();
    }
    return make_new(type, n_args, n_kw, args);
}

void rom_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    print_(print, self_in, kind);
}

mp_obj_t rom_unary_op(mp_unary_op_t op, mp_obj_t self_in) {
    return unary_op(op, self_in);
}

mp_obj_t rom_binary_op(mp_binary_op_t op, mp_obj_t lhs_in, mp_obj_t rhs_in) {
    return binary_op(op, lhs_in, rhs_in);
}

void rom_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    attr_(self_in, attr, dest);
}

mp_obj_t rom_subscr(mp_obj_t self_in, mp_obj_t index, mp_obj_t value) {
    return subscr(self_in, index, value);
}

mp_int_t rom_get_buffer(mp_obj_t self_in, mp_buffer_info_t *bufinfo, mp_uint_t flags) {
    return get_buffer(self_in, bufinfo, flags);
}
