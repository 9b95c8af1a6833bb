/* `Kernel`: a kernel's program as Python sees it, see _kernel.pyi.  Every length and every register is checked here. */

#include "objects.h"

#include <string.h>

typedef struct {
    int32_t at, inverted; /* its register, and whether that holds the complement */
} output;

typedef struct {
    PyObject_HEAD
    const path *path;
    Py_ssize_t registers, length, rows, opened;
    instruction *code;
    Py_ssize_t *ends; /* of the instructions up to each AND */
    output *outputs;
} Kernel;

/* -- a kernel's program -- */

static int is_register(const Kernel *self, int32_t number)
{
    return number >= 0 && number < self->registers;
}

static int check_code(Kernel *self)
{
    for (Py_ssize_t i = 0; i < self->length; i++) {
        const instruction *at = &self->code[i];
        int known = at->op == 0 || (at->op > 0 && at->op < 8 && at->op & AND);
        if (!known || !is_register(self, at->left) || !is_register(self, at->right) || !is_register(self, at->out)) {
            PyErr_Format(PyExc_ValueError, "instruction %zd is none for %zd registers", i, self->registers);
            return -1;
        }
        if (at->op & AND)
            self->ends[self->rows++] = i + 1;
    }
    for (Py_ssize_t i = 0; i < self->opened; i++) {
        if (!is_register(self, self->outputs[i].at)) {
            PyErr_Format(PyExc_ValueError, "output %zd is none of %zd registers", i, self->registers);
            return -1;
        }
    }
    return 0;
}

/* Copies, so that what was checked stays as it was. */
static int take_program(Kernel *self, const Py_buffer *code, const Py_buffer *outputs)
{
    self->length = code->len / (Py_ssize_t)sizeof(instruction);
    self->opened = outputs->len / (Py_ssize_t)sizeof(output);
    self->code = PyMem_Malloc((size_t)code->len);
    self->ends = PyMem_Malloc((size_t)self->length * sizeof(Py_ssize_t));
    self->outputs = PyMem_Malloc((size_t)outputs->len);
    if (!self->code || !self->ends || !self->outputs) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(self->code, code->buf, (size_t)self->length * sizeof(instruction));
    memcpy(self->outputs, outputs->buf, (size_t)self->opened * sizeof(output));
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
    Kernel *self = (Kernel *)allocate(type, 0);
    int wrong = !self;
    if (self) {
        self->registers = registers;
        self->path = find_path(name);
        wrong = !self->path || take_program(self, &code, &outputs);
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
    PyMem_Free(self->code);
    PyMem_Free(self->ends);
    PyMem_Free(self->outputs);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

/* -- a tile: its inputs, some of its rows, its outputs -- */

/* Does `found` hold `count` labels of every lane?  `exactly`, or at least. */
static int is_of(const Py_buffer *found, Py_ssize_t count, Py_ssize_t lanes, int exactly)
{
    if (lanes <= 0 || found->len % BLOCK || (exactly && found->len / BLOCK % lanes))
        return 0;
    Py_ssize_t held = found->len / BLOCK / lanes;
    return exactly ? held == count : held >= count;
}

static int set_work(const Kernel *self, work *todo, const Py_buffer *memory, Py_ssize_t lanes)
{
    if (!is_of(memory, self->registers, lanes, 0))
        return refuse("registers");
    todo->memory = memory->buf;
    todo->registers = (size_t)self->registers;
    todo->lanes = (size_t)lanes;
    return 0;
}

/* Rows first..first + rows - 1, each with the XORs before it. */
static int set_rows(const Kernel *self, work *todo, Py_ssize_t first, Py_ssize_t rows, const Py_buffer *seed,
                    const Py_buffer *tables)
{
    if (first < 0 || rows <= 0 || first > self->rows || rows > self->rows - first) {
        PyErr_Format(PyExc_ValueError, "the kernel has %zd rows, not %zd from %zd on", self->rows, rows, first);
        return -1;
    }
    if (seed->len != BLOCK)
        return refuse("hash seeds");
    if (!is_of(tables, rows * HALVES, (Py_ssize_t)todo->lanes, 1))
        return refuse("tables");
    todo->first = self->code + (first ? self->ends[first - 1] : 0);
    todo->end = self->code + self->ends[first + rows - 1];
    todo->seed = seed->buf;
    return 0;
}

static PyObject *kernel_load(Kernel *self, PyObject *args)
{
    Py_ssize_t lanes;
    Py_buffer memory, constant, inputs;
    work todo = {0};
    if (!PyArg_ParseTuple(args, "w*ny*y*", &memory, &lanes, &constant, &inputs))
        return NULL;
    int wrong = set_work(self, &todo, &memory, lanes);
    Py_ssize_t count = wrong ? 0 : inputs.len / BLOCK / lanes;
    if (!wrong && (constant.len != BLOCK || count >= self->registers || !is_of(&inputs, count, lanes, 1)))
        wrong = refuse("inputs");
    if (!wrong) {
        Py_BEGIN_ALLOW_THREADS
        load(&todo, constant.buf, inputs.buf, (size_t)count);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&memory);
    PyBuffer_Release(&constant);
    PyBuffer_Release(&inputs);
    return wrong ? NULL : Py_NewRef(Py_None);
}

static PyObject *kernel_garble(Kernel *self, PyObject *args)
{
    Py_ssize_t first, rows, lanes;
    unsigned long long row;
    Py_buffer memory, seed, delta, tables;
    work todo = {0};
    if (!PyArg_ParseTuple(args, "w*nnny*Ky*w*", &memory, &lanes, &first, &rows, &seed, &row, &delta, &tables))
        return NULL;
    todo.row = row;
    int wrong = set_work(self, &todo, &memory, lanes) || set_rows(self, &todo, first, rows, &seed, &tables);
    if (!wrong && delta.len != BLOCK)
        wrong = refuse("correlations");
    if (!wrong) {
        Py_BEGIN_ALLOW_THREADS
        garble(self->path, &todo, delta.buf, tables.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&memory);
    PyBuffer_Release(&seed);
    PyBuffer_Release(&delta);
    PyBuffer_Release(&tables);
    return wrong ? NULL : Py_NewRef(Py_None);
}

static PyObject *kernel_evaluate(Kernel *self, PyObject *args)
{
    Py_ssize_t first, rows, lanes;
    unsigned long long row;
    Py_buffer memory, seed, tables;
    work todo = {0};
    if (!PyArg_ParseTuple(args, "w*nnny*Ky*", &memory, &lanes, &first, &rows, &seed, &row, &tables))
        return NULL;
    todo.row = row;
    int wrong = set_work(self, &todo, &memory, lanes) || set_rows(self, &todo, first, rows, &seed, &tables);
    if (!wrong) {
        Py_BEGIN_ALLOW_THREADS
        evaluate(self->path, &todo, tables.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&memory);
    PyBuffer_Release(&seed);
    PyBuffer_Release(&tables);
    return wrong ? NULL : Py_NewRef(Py_None);
}

static PyObject *kernel_finish(Kernel *self, PyObject *args)
{
    Py_ssize_t lanes;
    Py_buffer memory, complement, outputs;
    work todo = {0};
    if (!PyArg_ParseTuple(args, "w*ny*w*", &memory, &lanes, &complement, &outputs))
        return NULL;
    int wrong = set_work(self, &todo, &memory, lanes);
    if (!wrong && (complement.len != BLOCK || !is_of(&outputs, self->opened, lanes, 1)))
        wrong = refuse("outputs");
    if (!wrong) {
        Py_BEGIN_ALLOW_THREADS
        todo.first = self->code + (self->rows ? self->ends[self->rows - 1] : 0);
        todo.end = self->code + self->length;
        evaluate(self->path, &todo, NULL); /* the XORs behind the last row */
        for (Py_ssize_t i = 0; i < self->opened; i++)
            save(&todo, (size_t)self->outputs[i].at, self->outputs[i].inverted ? complement.buf : NULL,
                 (uint8_t *)outputs.buf + i * lanes * BLOCK);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&memory);
    PyBuffer_Release(&complement);
    PyBuffer_Release(&outputs);
    return wrong ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef kernel_methods[] = {
    {"load", (PyCFunction)kernel_load, METH_VARARGS, NULL},
    {"garble", (PyCFunction)kernel_garble, METH_VARARGS, NULL},
    {"evaluate", (PyCFunction)kernel_evaluate, METH_VARARGS, NULL},
    {"finish", (PyCFunction)kernel_finish, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot kernel_slots[] = {
    {Py_tp_new, kernel_new},
    {Py_tp_dealloc, kernel_dealloc},
    {Py_tp_methods, kernel_methods},
    {0, NULL},
};

PyType_Spec kernel_spec = {
    .name = "runtime.execute.native._kernel.Kernel",
    .basicsize = sizeof(Kernel),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = kernel_slots,
};
