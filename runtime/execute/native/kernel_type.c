/* `Kernel`: a kernel's program as Python sees it, see _kernel.pyi.  Every length and every register is checked here. */

#include "objects.h"

#include <string.h>

static const Py_ssize_t MOST = 1 << 30; /* registers: a number of one fits, and the labels of a tile can be counted */

static int is_register(const program *self, int32_t number)
{
    return number >= 0 && (size_t)number < self->registers;
}

static int check_code(program *self)
{
    for (size_t i = 0; i < self->length; i++) {
        const instruction *at = &self->code[i];
        const int by = at->op & ONE_SIDED;
        const int halves = !by || by == GARBLERS || by == EVALUATORS || by == (EVALUATORS | OWN);
        int known = at->op == 0 || (at->op > 0 && at->op < 2 * OWN && at->op & AND && halves);
        if (!known || !is_register(self, at->left) || !is_register(self, at->right) || !is_register(self, at->out)) {
            PyErr_Format(PyExc_ValueError, "instruction %zu is none for %zu registers", i, self->registers);
            return -1;
        }
        if (at->op & AND) {
            self->sent[self->rows + 1] = self->sent[self->rows] + (by ? 1 : HALVES);
            self->ends[self->rows++] = i + 1;
        }
    }
    for (size_t i = 0; i < self->opened; i++) {
        if (!is_register(self, self->outputs[i].at)) {
            PyErr_Format(PyExc_ValueError, "output %zu is none of %zu registers", i, self->registers);
            return -1;
        }
    }
    return 0;
}

/* Copies, so that what was checked stays as it was. */
static int take_program(program *self, const Py_buffer *code, const Py_buffer *outputs)
{
    self->length = (size_t)code->len / sizeof(instruction);
    self->opened = (size_t)outputs->len / sizeof(output);
    self->code = PyMem_Malloc((size_t)code->len);
    self->ends = PyMem_Malloc(self->length * sizeof(size_t));
    self->sent = PyMem_Malloc((self->length + 1) * sizeof(size_t));
    self->outputs = PyMem_Malloc((size_t)outputs->len);
    if (!self->code || !self->ends || !self->sent || !self->outputs) {
        PyErr_NoMemory();
        return -1;
    }
    self->sent[0] = 0;
    memcpy(self->code, code->buf, self->length * sizeof(instruction));
    memcpy(self->outputs, outputs->buf, self->opened * sizeof(output));
    return check_code(self);
}

static PyObject *kernel_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    const char *name;
    Py_buffer code, outputs;
    Py_ssize_t registers;
    if (keywords && PyDict_Size(keywords))
        return PyErr_Format(PyExc_TypeError, "Kernel takes no keywords");
    if (!PyArg_ParseTuple(args, "sny*y*", &name, &registers, &code, &outputs))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    int wrong = registers < 0 || registers > MOST;
    if (wrong)
        PyErr_Format(PyExc_ValueError, "no kernel has %zd registers", registers);
    Kernel *self = wrong ? NULL : (Kernel *)allocate(type, 0);
    if (self) {
        self->of.registers = (size_t)registers;
        self->of.by = find_path(name);
        wrong = !self->of.by || take_program(&self->of, &code, &outputs);
    }
    PyBuffer_Release(&code);
    PyBuffer_Release(&outputs);
    if (wrong)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static void kernel_dealloc(PyObject *object)
{
    Kernel *self = (Kernel *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyMem_Free(self->of.code);
    PyMem_Free(self->of.ends);
    PyMem_Free(self->of.sent);
    PyMem_Free(self->of.outputs);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static PyType_Slot kernel_slots[] = {
    {Py_tp_new, kernel_new},
    {Py_tp_dealloc, kernel_dealloc},
    {0, NULL},
};

PyType_Spec kernel_spec = {
    .name = "runtime.execute.native._kernel.Kernel",
    .basicsize = sizeof(Kernel),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = kernel_slots,
};
