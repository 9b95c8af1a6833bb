/* `Streams`, `fold` and `transpose`, see _kernel.pyi.  Every length is checked here. */

#include "objects.h"

typedef struct {
    PyObject_HEAD
    const path *path;
    uint64_t read; /* blocks of each stream */
    uint8_t *keys;
    int wiped;
} Streams;

static PyObject *streams_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    const char *name;
    Py_buffer leaves;
    if (keywords && PyDict_Size(keywords))
        return PyErr_Format(PyExc_TypeError, "Streams takes no keywords");
    if (!PyArg_ParseTuple(args, "sy*", &name, &leaves))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    const path *by = find_path(name);
    int wrong = !by || (leaves.len != TREES * LEAVES * BLOCK && refuse("seeds"));
    Streams *self = wrong ? NULL : (Streams *)allocate(type, 0);
    if (self) {
        self->path = by;
        self->keys = PyMem_Malloc(TREES * LEAVES * KEY_BYTES);
        if (self->keys)
            by->schedules(leaves.buf, TREES * LEAVES, self->keys);
        else {
            PyErr_NoMemory();
            Py_CLEAR(self);
        }
    }
    PyBuffer_Release(&leaves);
    return (PyObject *)self;
}

static void streams_dealloc(PyObject *object)
{
    Streams *self = (Streams *)object;
    PyTypeObject *type = Py_TYPE(object);
    if (self->keys)
        wipe_memory(self->keys, TREES * LEAVES * KEY_BYTES);
    PyMem_Free(self->keys);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF(type);
}

/* The memory stays: another thread may be reading it. */
static PyObject *streams_wipe(Streams *self, PyObject *Py_UNUSED(none))
{
    wipe_memory(self->keys, TREES * LEAVES * KEY_BYTES);
    self->wiped = 1;
    return Py_NewRef(Py_None);
}

/* The next blocks of every stream into `columns`, beside sums or with corrections. */
static int grow_next(Streams *self, const Py_buffer *columns, const Py_buffer *by_tree, growth *todo)
{
    const Py_ssize_t blocks = columns->len / (COLUMNS * BLOCK);
    if (self->wiped) {
        PyErr_SetString(PyExc_ValueError, "the seeds of these streams were wiped");
        return -1;
    }
    if (columns->len != blocks * COLUMNS * BLOCK || by_tree->len != blocks * TREES * BLOCK)
        return refuse("columns");
    todo->keys = self->keys;
    todo->first = self->read;
    todo->blocks = (size_t)blocks;
    todo->columns = columns->buf;
    self->read += (uint64_t)blocks;
    Py_BEGIN_ALLOW_THREADS
    grow(self->path, todo);
    Py_END_ALLOW_THREADS
    return 0;
}

static PyObject *streams_read(Streams *self, PyObject *args)
{
    Py_buffer sums, columns;
    growth todo = {0};
    if (!PyArg_ParseTuple(args, "w*w*", &sums, &columns))
        return NULL;
    todo.sums = sums.buf;
    int wrong = grow_next(self, &columns, &sums, &todo);
    PyBuffer_Release(&sums);
    PyBuffer_Release(&columns);
    return wrong ? NULL : Py_NewRef(Py_None);
}

static PyObject *streams_corrected(Streams *self, PyObject *args)
{
    Py_buffer corrections, mask, columns;
    growth todo = {0};
    if (!PyArg_ParseTuple(args, "y*y*w*", &corrections, &mask, &columns))
        return NULL;
    todo.corrections = corrections.buf;
    todo.mask = mask.buf;
    int wrong = mask.len != COLUMNS * (Py_ssize_t)sizeof(uint64_t) ? refuse("masks")
                                                                   : grow_next(self, &columns, &corrections, &todo);
    PyBuffer_Release(&corrections);
    PyBuffer_Release(&mask);
    PyBuffer_Release(&columns);
    return wrong ? NULL : Py_NewRef(Py_None);
}

PyObject *fold_columns(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *name;
    Py_buffer columns, factors, folds;
    if (!PyArg_ParseTuple(args, "sy*y*w*", &name, &columns, &factors, &folds))
        return NULL;
    const path *by = find_path(name);
    const Py_ssize_t blocks = factors.len / BLOCK, count = folds.len / BLOCK;
    int wrong = !by;
    if (by && (factors.len % BLOCK || folds.len % BLOCK || !blocks || columns.len % blocks ||
               columns.len / blocks != count * BLOCK))
        wrong = refuse("columns");
    if (!wrong) {
        Py_BEGIN_ALLOW_THREADS
        by->fold(columns.buf, (size_t)count, (size_t)blocks, factors.buf, folds.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&columns);
    PyBuffer_Release(&factors);
    PyBuffer_Release(&folds);
    return wrong ? NULL : Py_NewRef(Py_None);
}

PyObject *transpose_columns(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *name;
    Py_buffer columns, labels;
    if (!PyArg_ParseTuple(args, "sy*w*", &name, &columns, &labels))
        return NULL;
    const path *by = find_path(name);
    const Py_ssize_t blocks = columns.len / (COLUMNS * BLOCK);
    int wrong = !by;
    if (by && (columns.len != blocks * COLUMNS * BLOCK || labels.len != columns.len))
        wrong = refuse("columns");
    if (!wrong) {
        Py_BEGIN_ALLOW_THREADS
        by->turn(columns.buf, (size_t)blocks, labels.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&columns);
    PyBuffer_Release(&labels);
    return wrong ? NULL : Py_NewRef(Py_None);
}

static PyMethodDef streams_methods[] = {
    {"read", (PyCFunction)streams_read, METH_VARARGS, NULL},
    {"corrected", (PyCFunction)streams_corrected, METH_VARARGS, NULL},
    {"wipe", (PyCFunction)streams_wipe, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot streams_slots[] = {
    {Py_tp_new, streams_new},
    {Py_tp_dealloc, streams_dealloc},
    {Py_tp_methods, streams_methods},
    {0, NULL},
};

PyType_Spec streams_spec = {
    .name = "runtime.execute.native._kernel.Streams",
    .basicsize = sizeof(Streams),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = streams_slots,
};
