/* `Stretch`: launches, copies and loops as Python sees them, see _kernel.pyi.  Every length is checked here. */

#include "objects.h"

#include <stdlib.h>

typedef struct {
    PyObject_HEAD
    PyObject *kernels; /* keeps them */
    stretch of;
    position now, then; /* where it is, and where the window ends that `ahead` has told of */
} Stretch;

/* What one call works on; several may be at work at once. */
typedef struct {
    labour with;
    Py_buffer *memory;
    uint8_t **places;
    size_t taken; /* memories that are to be released */
} hold;

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
    self->then = self->now;
    return 0;
}

static PyObject *stretch_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *kernels;
    Py_buffer code;
    Py_ssize_t depth, wide;
    if (keywords && PyDict_Size(keywords))
        return PyErr_Format(PyExc_TypeError, "Stretch takes no keywords");
    if (!PyArg_ParseTuple(args, "O!y*nn", &PyTuple_Type, &kernels, &code, &depth, &wide))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Stretch *self = (Stretch *)allocate(type, 0);
    int wrong = !self;
    if (self) {
        self->of.depth = depth < 0 ? DEEPEST + 1 : (size_t)depth;
        self->of.wide = wide < 0 ? 0 : (size_t)wide;
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
    self->now = self->then = now;
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
    position then = self->now;
    size_t size;
    if (!PyArg_ParseTuple(args, "n", &limit))
        return NULL;
    const size_t room = limit < 0 || (size_t)limit < self->of.largest ? self->of.largest : (size_t)limit;
    Py_BEGIN_ALLOW_THREADS
    size = proceed(&self->of, &then, room, NULL, NULL);
    Py_END_ALLOW_THREADS
    if (is_astray(&then))
        return NULL;
    self->then = then;
    return Py_BuildValue("nK", (Py_ssize_t)size, then.gates - self->now.gates);
}

static PyObject *stretch_is_wide(Stretch *self, PyObject *Py_UNUSED(none))
{
    return PyBool_FromLong(is_wide(&self->of, &self->now));
}

static PyObject *stretch_is_over(Stretch *self, PyObject *Py_UNUSED(none))
{
    return PyBool_FromLong(is_over(&self->of, &self->now));
}

static PyObject *stretch_passed(Stretch *self, PyObject *Py_UNUSED(none))
{
    self->now = self->then;
    return Py_NewRef(Py_None);
}

/* The memories, as far as they are good. */
static int take_memory(const Stretch *self, hold *in, PyObject *memory)
{
    if ((size_t)PyTuple_Size(memory) != self->of.memories)
        return refuse("memories");
    in->memory = calloc(self->of.memories + 1, sizeof *in->memory);
    in->places = calloc(self->of.memories + 1, sizeof *in->places);
    if (!in->memory || !in->places) {
        PyErr_NoMemory();
        return -1;
    }
    while (in->taken < self->of.memories) {
        Py_buffer *each = &in->memory[in->taken];
        if (PyObject_GetBuffer(PyTuple_GetItem(memory, (Py_ssize_t)in->taken), each, PyBUF_WRITABLE))
            return -1;
        in->places[in->taken] = each->buf;
        if (each->len / BLOCK < self->of.needs[in->taken++])
            return refuse("memories");
    }
    return 0;
}

static void give_back(hold *in)
{
    for (size_t i = 0; i < in->taken; i++)
        PyBuffer_Release(&in->memory[i]);
    free(in->memory);
    free(in->places);
}

/* With what is handed over, and the tables that `ahead` has told the length of. */
static PyObject *work_on(const Stretch *self, hold *in, PyObject *memory, Py_buffer *registers, const Py_buffer *tables)
{
    position now = self->now;
    size_t used = 0;
    int wrong = in->with.part >= in->with.parts ? refuse("parts") : 0;
    if (!wrong && (size_t)registers->len / BLOCK < self->of.registers)
        wrong = refuse("registers");
    if (!wrong && !(wrong = take_memory(self, in, memory))) {
        in->with.memory = in->places;
        in->with.registers = registers->buf;
        Py_BEGIN_ALLOW_THREADS
        used = proceed(&self->of, &now, (size_t)tables->len, &in->with, tables->buf);
        Py_END_ALLOW_THREADS
        if (is_astray(&now))
            wrong = -1;
        else if (used != (size_t)tables->len)
            wrong = refuse("tables");
    }
    give_back(in);
    return wrong ? NULL : Py_NewRef(Py_None);
}

static int set_labour(labour *with, const Py_buffer *constant, const Py_buffer *seed, const Py_buffer *delta)
{
    if (constant->len != BLOCK || seed->len != BLOCK || (delta && delta->len != BLOCK))
        return refuse("seeds, or labels that are one,");
    with->constant = constant->buf;
    with->seed = seed->buf;
    with->delta = delta ? delta->buf : NULL;
    return 0;
}

static PyObject *stretch_garble(Stretch *self, PyObject *args)
{
    PyObject *memory, *done = NULL;
    Py_buffer registers, constant, seed, delta, tables;
    hold in = {0};
    if (!PyArg_ParseTuple(args, "IIO!w*y*y*y*w*", &in.with.part, &in.with.parts, &PyTuple_Type, &memory, &registers,
                          &constant, &seed, &delta, &tables))
        return NULL;
    if (!set_labour(&in.with, &constant, &seed, &delta))
        done = work_on(self, &in, memory, &registers, &tables);
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
    hold in = {0};
    if (!PyArg_ParseTuple(args, "IIO!w*y*y*y*", &in.with.part, &in.with.parts, &PyTuple_Type, &memory, &registers,
                          &constant, &seed, &tables))
        return NULL;
    if (!set_labour(&in.with, &constant, &seed, NULL))
        done = work_on(self, &in, memory, &registers, &tables);
    PyBuffer_Release(&registers);
    PyBuffer_Release(&constant);
    PyBuffer_Release(&seed);
    PyBuffer_Release(&tables);
    return done;
}

static PyMethodDef stretch_methods[] = {
    {"begin", (PyCFunction)stretch_begin, METH_VARARGS, NULL},
    {"ahead", (PyCFunction)stretch_ahead, METH_VARARGS, NULL},
    {"is_wide", (PyCFunction)stretch_is_wide, METH_NOARGS, NULL},
    {"is_over", (PyCFunction)stretch_is_over, METH_NOARGS, NULL},
    {"passed", (PyCFunction)stretch_passed, METH_NOARGS, NULL},
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
