/* `Product`: products of one shape as Python sees them, see _kernel.pyi.  Every length is checked here. */

#include "objects.h"
#include "products.h"

typedef struct {
    PyObject_HEAD
    const path *path;
    shape of;
} Product;

enum { LARGEST = 1 << 30, SIZES = 8 }; /* of any number that a shape has, and of its product with another */

static int is_sound(const Py_ssize_t *given)
{
    for (int i = 0; i < SIZES; i++)
        if (given[i] <= 0 || given[i] > LARGEST)
            return 0;
    const Py_ssize_t words = given[0], width = given[1], shared = given[2], ring = given[3], size = given[4];
    const Py_ssize_t blocks = given[5], rows_of_a_word = given[6], words_of_a_row = given[7];
    return (size == 4 || size == 8) && width <= ring && ring <= 8 * size && words * shared <= LARGEST &&
           words * rows_of_a_word <= LARGEST && blocks * words_of_a_row <= LARGEST &&
           blocks * rows_of_a_word <= LARGEST / words && blocks * rows_of_a_word * (BLOCK / size) >= shared &&
           (rows_of_a_word == 1 || words_of_a_row == 1);
}

static PyObject *product_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    const char *name;
    int is_signed;
    Py_ssize_t given[SIZES];
    if (keywords && PyDict_Size(keywords))
        return PyErr_Format(PyExc_TypeError, "Product takes no keywords");
    if (!PyArg_ParseTuple(args, "snnpnnnnnn", &name, &given[0], &given[1], &is_signed, &given[2], &given[3], &given[4],
                          &given[5], &given[6], &given[7]))
        return NULL;
    const path *by = find_path(name);
    if (!by)
        return NULL;
    if (!is_sound(given))
        return PyErr_Format(PyExc_ValueError, "no product has this shape");
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Product *self = (Product *)allocate(type, 0);
    if (!self)
        return NULL;
    self->path = by;
    self->of = (shape){
        .words = (size_t)given[0],
        .width = (size_t)given[1],
        .shared = (size_t)given[2],
        .ring = (size_t)given[3],
        .number_bytes = (size_t)given[4],
        .blocks = (size_t)given[5],
        .rows_of_a_word = (size_t)given[6],
        .words_of_a_row = (size_t)given[7],
        .is_signed = is_signed,
    };
    return (PyObject *)self;
}

static void product_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
    Py_DECREF(type);
}

/* What both methods take. */
typedef struct {
    Py_buffer seed, labels, share, packed;
    unsigned long long row;
    Py_ssize_t from, to, part, parts;
} given;

/* Do the numbers and lengths fit the shape?  -1 if not. */
static int set_work(const Product *self, const given *by, bits_work *todo)
{
    const shape *of = &self->of;
    if (by->from < 0 || by->to <= by->from || by->to > (Py_ssize_t)of->width || by->part < 0 || by->parts <= by->part) {
        PyErr_Format(PyExc_ValueError, "the product has no such bits");
        return -1;
    }
    if (by->seed.len != BLOCK)
        return refuse("hash seeds");
    if (by->labels.len != (Py_ssize_t)(of->width * of->words * BLOCK))
        return refuse("labels");
    if (by->share.len != (Py_ssize_t)(of->words * padded(of) * of->number_bytes))
        return refuse("shares");
    if (by->packed.len != (Py_ssize_t)packed_words(of, (size_t)by->from, (size_t)by->to) * 8)
        return refuse("corrections");
    *todo = (bits_work){
        .by = self->path,
        .of = of,
        .seed = by->seed.buf,
        .labels = by->labels.buf,
        .row = by->row,
        .from = (size_t)by->from,
        .to = (size_t)by->to,
        .part = (size_t)by->part,
        .parts = (size_t)by->parts,
        .share = by->share.buf,
    };
    return 0;
}

static void release(given *by)
{
    PyBuffer_Release(&by->seed);
    PyBuffer_Release(&by->labels);
    PyBuffer_Release(&by->share);
    PyBuffer_Release(&by->packed);
}

/* What a call returns, that was refused or has had its memory or not. */
static PyObject *said(int wrong, int done)
{
    return wrong ? NULL : done ? Py_NewRef(Py_None) : PyErr_NoMemory();
}

static PyObject *product_correct(Product *self, PyObject *args)
{
    given by = {0};
    Py_buffer delta, own;
    bits_work todo;
    int done = 0;
    if (!PyArg_ParseTuple(args, "y*Ky*(nn)nny*y*w*w*", &by.seed, &by.row, &by.labels, &by.from, &by.to, &by.part,
                          &by.parts, &delta, &own, &by.share, &by.packed))
        return NULL;
    int wrong = set_work(self, &by, &todo);
    if (!wrong && (delta.len != BLOCK || own.len != by.share.len))
        wrong = refuse("numbers or correlations");
    if (!wrong) {
        Py_BEGIN_ALLOW_THREADS
        done = correct(&todo, delta.buf, own.buf, by.packed.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&delta);
    PyBuffer_Release(&own);
    release(&by);
    return said(wrong, done);
}

static PyObject *product_apply(Product *self, PyObject *args)
{
    given by = {0};
    bits_work todo;
    int done = 0;
    if (!PyArg_ParseTuple(args, "y*Ky*(nn)nny*w*", &by.seed, &by.row, &by.labels, &by.from, &by.to, &by.part,
                          &by.parts, &by.packed, &by.share))
        return NULL;
    const int wrong = set_work(self, &by, &todo);
    if (!wrong) {
        Py_BEGIN_ALLOW_THREADS
        done = apply(&todo, by.packed.buf);
        Py_END_ALLOW_THREADS
    }
    release(&by);
    return said(wrong, done);
}

static PyMethodDef product_methods[] = {
    {"correct", (PyCFunction)product_correct, METH_VARARGS, NULL},
    {"apply", (PyCFunction)product_apply, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot product_slots[] = {
    {Py_tp_new, product_new},
    {Py_tp_dealloc, product_dealloc},
    {Py_tp_methods, product_methods},
    {0, NULL},
};

PyType_Spec product_spec = {
    .name = "runtime.execute.native._kernel.Product",
    .basicsize = sizeof(Product),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = product_slots,
};
