/* `_kernel`: the Python face of gates.c.  Every length and every register is checked here; see _kernel.pyi. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000 /* the buffer protocol is in it from 3.11 on */
#include <Python.h>

#include <string.h>

#include "gates.h"

enum { VERSION = 1 }; /* as in choice.py: raised with every change of what these functions take or make */

typedef struct {
    PyObject_HEAD
    const path *path;
    instruction *code;
    Py_ssize_t length, registers, rows;
    Py_ssize_t *ends;         /* of the instructions up to each AND */
} Kernel;

/* -- a kernel's program -- */

static int is_sound(const instruction *at, Py_ssize_t registers)
{
    return at->op >= 0 && at->op < 8 && (at->op == 0 || at->op & AND) && at->left >= 0 && at->left < registers &&
           at->right >= 0 && at->right < registers && at->out >= 0 && at->out < registers;
}

/* The code is copied, so that what was checked stays as it was. */
static int take_code(Kernel *self, const Py_buffer *code)
{
    self->length = code->len / (Py_ssize_t)sizeof(instruction);
    self->code = PyMem_Malloc((size_t)code->len + 1);
    self->ends = PyMem_Malloc(((size_t)self->length + 1) * sizeof(Py_ssize_t));
    if (!self->code || !self->ends) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(self->code, code->buf, (size_t)code->len);
    for (Py_ssize_t i = 0; i < self->length; i++) {
        if (!is_sound(&self->code[i], self->registers)) {
            PyErr_Format(PyExc_ValueError, "instruction %zd is none of a kernel of %zd registers", i, self->registers);
            return -1;
        }
        if (self->code[i].op & AND)
            self->ends[self->rows++] = i + 1;
    }
    return 0;
}

static const path *find_path(const char *name)
{
    for (const path *each = PATHS; each->name; each++)
        if (!strcmp(each->name, name) && each->supported())
            return each;
    PyErr_Format(PyExc_ValueError, "this machine has no path `%s`", name);
    return NULL;
}

static PyObject *kernel_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    const char *name;
    Py_buffer code;
    Py_ssize_t registers;
    if (keywords && PyDict_Size(keywords))
        return PyErr_Format(PyExc_TypeError, "Kernel takes no keywords");
    if (!PyArg_ParseTuple(args, "sy*n", &name, &code, &registers))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Kernel *self = (Kernel *)allocate(type, 0);
    int wrong = !self;
    if (self) {
        self->registers = registers;
        self->path = find_path(name);
        wrong = !self->path || take_code(self, &code);
    }
    PyBuffer_Release(&code);
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
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

/* -- some of its rows -- */

/* Rows first..first + rows - 1, each with the XORs before it. */
static int set_work(const Kernel *self, work *todo, Py_ssize_t first, Py_ssize_t rows, const Py_buffer *memory,
                    Py_ssize_t lanes, const Py_buffer *seed, const Py_buffer *tables)
{
    if (first < 0 || rows < 0 || first > self->rows || rows > self->rows - first)
        PyErr_Format(PyExc_ValueError, "the kernel has %zd rows, not %zd from %zd on", self->rows, rows, first);
    else if (lanes <= 0 || memory->len / BLOCK / lanes < self->registers)
        PyErr_Format(PyExc_ValueError, "%zd bytes are too few for %zd lanes", memory->len, lanes);
    else if (seed->len != BLOCK)
        PyErr_Format(PyExc_ValueError, "a hash seed is 16 bytes, got %zd", seed->len);
    else if (tables->len % (BLOCK * HALVES) || tables->len / (BLOCK * HALVES) % lanes ||
             tables->len / (BLOCK * HALVES) / lanes != rows)
        PyErr_Format(PyExc_ValueError, "%zd rows of %zd lanes are not %zd bytes", rows, lanes, tables->len);
    else {
        todo->first = self->code + (first ? self->ends[first - 1] : 0);
        todo->end = rows ? self->code + self->ends[first + rows - 1] : todo->first;
        todo->registers = memory->buf;
        todo->lanes = (size_t)lanes;
        todo->seed = seed->buf;
        return 0;
    }
    return -1;
}

static PyObject *kernel_garble(Kernel *self, PyObject *args)
{
    Py_ssize_t first, rows, lanes;
    unsigned long long row;
    Py_buffer memory, seed, delta, tables;
    work todo = {0};
    if (!PyArg_ParseTuple(args, "nnw*ny*Ky*w*", &first, &rows, &memory, &lanes, &seed, &row, &delta, &tables))
        return NULL;
    int wrong = set_work(self, &todo, first, rows, &memory, lanes, &seed, &tables);
    todo.row = row;
    if (!wrong && delta.len != BLOCK) {
        PyErr_Format(PyExc_ValueError, "a label is 16 bytes, got %zd", delta.len);
        wrong = -1;
    }
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
    if (!PyArg_ParseTuple(args, "nnw*ny*Ky*", &first, &rows, &memory, &lanes, &seed, &row, &tables))
        return NULL;
    int wrong = set_work(self, &todo, first, rows, &memory, lanes, &seed, &tables);
    todo.row = row;
    if (!wrong) {
        Py_BEGIN_ALLOW_THREADS
        self->path->evaluate(&todo, tables.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&memory);
    PyBuffer_Release(&seed);
    PyBuffer_Release(&tables);
    return wrong ? NULL : Py_NewRef(Py_None);
}

/* The XORs behind the last row. */
static PyObject *kernel_finish(Kernel *self, PyObject *args)
{
    Py_ssize_t lanes;
    Py_buffer memory;
    if (!PyArg_ParseTuple(args, "w*n", &memory, &lanes))
        return NULL;
    Py_buffer seed = {.len = BLOCK}, tables = {.len = 0};
    work todo = {0};
    int wrong = set_work(self, &todo, self->rows, 0, &memory, lanes, &seed, &tables);
    if (!wrong) {
        todo.end = self->code + self->length;
        Py_BEGIN_ALLOW_THREADS
        self->path->evaluate(&todo, NULL);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&memory);
    return wrong ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef kernel_methods[] = {
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

static PyType_Spec kernel_spec = {
    .name = "runtime.execute.native._kernel.Kernel",
    .basicsize = sizeof(Kernel),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = kernel_slots,
};

/* -- the module -- */

static PyObject *paths(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
    PyObject *found = PyList_New(0);
    for (const path *each = PATHS; found && each->name; each++) {
        PyObject *pair = Py_BuildValue("sO", each->name, each->supported() ? Py_True : Py_False);
        if (!pair || PyList_Append(found, pair))
            Py_CLEAR(found);
        Py_XDECREF(pair);
    }
    return found;
}

static PyMethodDef functions[] = {
    {"paths", paths, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static int fill(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&kernel_spec);
    int wrong = !type || PyModule_AddObjectRef(module, "Kernel", type) || PyModule_AddIntConstant(module, "VERSION", VERSION);
    Py_XDECREF(type);
    return wrong ? -1 : 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, fill},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_kernel",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__kernel(void)
{
    return PyModuleDef_Init(&definition);
}
