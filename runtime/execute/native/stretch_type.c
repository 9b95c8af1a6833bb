/* `Stretch`: launches, copies and loops as Python sees them, see _kernel.pyi.  Every length is checked here. */

#include "objects.h"

#include <stdlib.h>

typedef struct {
    PyObject_HEAD
    PyObject *kernels; /* keeps them */
    stretch of;
    position now;
    labour with;
    Py_buffer *memory;
    uint8_t **places;
} Stretch;

/* -- making one -- */

static int take_kernels(PyTypeObject *type, Stretch *self, PyObject *kernels)
{
    PyObject *module = PyType_GetModule(type), *class = module ? PyObject_GetAttrString(module, "Kernel") : NULL;
    const Py_ssize_t count = class ? PyTuple_Size(kernels) : -1;
    self->of.kernels = count < 0 ? NULL : calloc((size_t)count + 1, sizeof *self->of.kernels);
    int wrong = !self->of.kernels;
    for (Py_ssize_t i = 0; !wrong && i < count; i++) {
        PyObject *each = PyTuple_GetItem(kernels, i);
        wrong = !PyObject_TypeCheck(each, (PyTypeObject *)class); /* and not what it says of itself */
        self->of.kernels[i] = wrong ? NULL : &((Kernel *)each)->of;
    }
    if (wrong && !PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "a stretch is of kernels");
    self->of.kernel_count = wrong ? 0 : (size_t)count;
    self->kernels = Py_NewRef(kernels);
    Py_XDECREF(class);
    return wrong;
}

static int take_code(Stretch *self, const Py_buffer *code)
{
    const char *wrong = read_stretch(&self->of, code->buf, (size_t)code->len / sizeof(int64_t));
    if (wrong) {
        PyErr_Format(PyExc_ValueError, "no stretch: %s", wrong);
        return -1;
    }
    self->now.at = self->of.length; /* until it begins */
    self->memory = calloc(self->of.memories + 1, sizeof *self->memory);
    self->places = calloc(self->of.memories + 1, sizeof *self->places);
    if (!self->memory || !self->places) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static PyObject *stretch_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *kernels;
    Py_buffer code;
    Py_ssize_t depth;
    if (keywords && PyDict_Size(keywords))
        return PyErr_Format(PyExc_TypeError, "Stretch takes no keywords");
    if (!PyArg_ParseTuple(args, "O!y*n", &PyTuple_Type, &kernels, &code, &depth))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Stretch *self = (Stretch *)allocate(type, 0);
    int wrong = !self;
    if (self) {
        self->of.depth = depth < 0 ? DEEPEST + 1 : (size_t)depth;
        wrong = take_kernels(type, self, kernels) || take_code(self, &code);
    }
    PyBuffer_Release(&code);
    if (wrong)
        Py_CLEAR(self);
    return (PyObject *)self;
}

static void stretch_dealloc(PyObject *object)
{
    Stretch *self = (Stretch *)object;
    PyTypeObject *type = Py_TYPE(object);
    leave_stretch(&self->of);
    free(self->memory);
    free(self->places);
    Py_XDECREF(self->kernels);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

/* -- going through it -- */

static PyObject *stretch_begin(Stretch *self, PyObject *args)
{
    PyObject *iteration;
    unsigned long long row;
    if (!PyArg_ParseTuple(args, "O!K", &PyTuple_Type, &iteration, &row))
        return NULL;
    if ((size_t)PyTuple_Size(iteration) != self->of.depth) {
        refuse("indices");
        return NULL;
    }
    position now = {.depth = self->of.depth};
    now.base[now.depth] = row;
    for (size_t i = 0; i < now.depth; i++) {
        now.iteration[i] = PyLong_AsLongLong(PyTuple_GetItem(iteration, (Py_ssize_t)i));
        if (now.iteration[i] == -1 && PyErr_Occurred())
            return NULL;
    }
    self->now = now;
    return Py_NewRef(Py_None);
}

static int is_astray(const position *now)
{
    if (now->astray)
        PyErr_Format(PyExc_IndexError, "a view leaves its buffer of %lld wires", (long long)now->astray->wires);
    return now->astray != NULL;
}

static PyObject *stretch_ahead(Stretch *self, PyObject *args)
{
    Py_ssize_t limit;
    position ahead = self->now;
    size_t size;
    if (!PyArg_ParseTuple(args, "n", &limit))
        return NULL;
    const size_t room = limit < 0 || (size_t)limit < self->of.largest ? self->of.largest : (size_t)limit;
    Py_BEGIN_ALLOW_THREADS
    size = proceed(&self->of, &ahead, room, NULL, NULL);
    Py_END_ALLOW_THREADS
    return is_astray(&ahead) ? NULL : Py_BuildValue("nK", (Py_ssize_t)size, ahead.gates - self->now.gates);
}

static PyObject *stretch_is_over(Stretch *self, PyObject *Py_UNUSED(none))
{
    return PyBool_FromLong(is_over(&self->of, &self->now));
}

/* The memories, as far as they are good; how many are to be released. */
static size_t take_memory(Stretch *self, PyObject *memory, int *wrong)
{
    size_t taken = 0;
    if ((size_t)PyTuple_Size(memory) != self->of.memories)
        *wrong = refuse("memories");
    for (; !*wrong && taken < self->of.memories; taken++) {
        Py_buffer *each = &self->memory[taken];
        if (PyObject_GetBuffer(PyTuple_GetItem(memory, (Py_ssize_t)taken), each, PyBUF_WRITABLE)) {
            *wrong = -1;
            return taken;
        }
        self->places[taken] = each->buf;
        if (each->len / BLOCK < self->of.needs[taken])
            *wrong = refuse("memories");
    }
    return taken;
}

/* With what is handed over, and the tables that `ahead` has told the length of. */
static PyObject *go_on(Stretch *self, PyObject *memory, Py_buffer *registers, const Py_buffer *tables)
{
    labour *with = &self->with;
    position now = self->now;
    size_t used = 0;
    int wrong = 0;
    if ((size_t)registers->len / BLOCK < self->of.registers)
        wrong = refuse("registers");
    const size_t taken = take_memory(self, memory, &wrong);
    if (!wrong) {
        with->memory = self->places;
        with->registers = registers->buf;
        Py_BEGIN_ALLOW_THREADS
        used = proceed(&self->of, &now, (size_t)tables->len, with, tables->buf);
        Py_END_ALLOW_THREADS
        self->now = now;
        if (is_astray(&now))
            wrong = -1;
        else if (used != (size_t)tables->len)
            wrong = refuse("tables");
    }
    for (size_t i = 0; i < taken; i++)
        PyBuffer_Release(&self->memory[i]);
    return wrong ? NULL : Py_NewRef(Py_None);
}

static int set_labour(Stretch *self, const Py_buffer *constant, const Py_buffer *seed, const Py_buffer *delta)
{
    if (constant->len != BLOCK || seed->len != BLOCK || (delta && delta->len != BLOCK))
        return refuse("seeds, or labels that are one,");
    self->with.constant = constant->buf;
    self->with.seed = seed->buf;
    self->with.delta = delta ? delta->buf : NULL;
    return 0;
}

static PyObject *stretch_garble(Stretch *self, PyObject *args)
{
    PyObject *memory, *done = NULL;
    Py_buffer registers, constant, seed, delta, tables;
    if (!PyArg_ParseTuple(args, "O!w*y*y*y*w*", &PyTuple_Type, &memory, &registers, &constant, &seed, &delta, &tables))
        return NULL;
    if (!set_labour(self, &constant, &seed, &delta))
        done = go_on(self, memory, &registers, &tables);
    PyBuffer_Release(&registers);
    PyBuffer_Release(&constant);
    PyBuffer_Release(&seed);
    PyBuffer_Release(&delta);
    PyBuffer_Release(&tables);
    return done;
}

static PyObject *stretch_evaluate(Stretch *self, PyObject *args)
{
    PyObject *memory, *done = NULL;
    Py_buffer registers, constant, seed, tables;
    if (!PyArg_ParseTuple(args, "O!w*y*y*y*", &PyTuple_Type, &memory, &registers, &constant, &seed, &tables))
        return NULL;
    if (!set_labour(self, &constant, &seed, NULL))
        done = go_on(self, memory, &registers, &tables);
    PyBuffer_Release(&registers);
    PyBuffer_Release(&constant);
    PyBuffer_Release(&seed);
    PyBuffer_Release(&tables);
    return done;
}

static PyMethodDef stretch_methods[] = {
    {"begin", (PyCFunction)stretch_begin, METH_VARARGS, NULL},
    {"ahead", (PyCFunction)stretch_ahead, METH_VARARGS, NULL},
    {"is_over", (PyCFunction)stretch_is_over, METH_NOARGS, NULL},
    {"garble", (PyCFunction)stretch_garble, METH_VARARGS, NULL},
    {"evaluate", (PyCFunction)stretch_evaluate, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot stretch_slots[] = {
    {Py_tp_new, stretch_new},
    {Py_tp_dealloc, stretch_dealloc},
    {Py_tp_methods, stretch_methods},
    {0, NULL},
};

PyType_Spec stretch_spec = {
    .name = "runtime.execute.native._kernel.Stretch",
    .basicsize = sizeof(Stretch),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = stretch_slots,
};
