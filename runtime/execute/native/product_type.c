/* `Product`: products of one shape as Python sees them, see _kernel.pyi.  Every length is checked here. */

#include "objects.h"
#include "products.h"

typedef struct {
    PyObject_HEAD
    const path *path;
    shape of;
    room in;
} Product;

enum { LARGEST = 1 << 30 }; /* of any number that a shape has, and of its product with another */

static int is_sound(const Py_ssize_t *given)
{
    for (int i = 0; i < 6; i++)
        if (given[i] <= 0 || given[i] > LARGEST)
            return 0;
    const Py_ssize_t words = given[0], shared = given[1], size = given[2], blocks = given[3];
    return (size == 4 || size == 8) && words * shared <= LARGEST && words * given[4] <= LARGEST &&
           blocks * given[5] <= LARGEST && blocks * given[4] * (BLOCK / size) >= shared &&
           (given[4] == 1 || given[5] == 1);
}

static PyObject *product_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    const char *name;
    Py_ssize_t given[6];
    if (keywords && PyDict_Size(keywords))
        return PyErr_Format(PyExc_TypeError, "Product takes no keywords");
    if (!PyArg_ParseTuple(args, "snnnnnn", &name, &given[0], &given[1], &given[2], &given[3], &given[4], &given[5]))
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
    self->of = (shape){(size_t)given[0], (size_t)given[1], (size_t)given[2],
                       (size_t)given[3], (size_t)given[4], (size_t)given[5]};
    if (!take_room(&self->in, &self->of)) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void product_dealloc(PyObject *object)
{
    Product *self = (Product *)object;
    PyTypeObject *type = Py_TYPE(object);
    leave_room(&self->in);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

/* Do the lengths fit the shape?  -1 if not. */
static int set_bit(const Product *self, bit_work *todo, const Py_buffer *seed, const Py_buffer *labels, unsigned bits,
                   const Py_buffer *share, const Py_buffer *packed)
{
    if (seed->len != BLOCK)
        return refuse("hash seeds");
    if (labels->len != (Py_ssize_t)self->of.words * BLOCK)
        return refuse("labels");
    if (share->len != (Py_ssize_t)(self->of.words * self->of.shared * self->of.number_bytes))
        return refuse("shares");
    if (bits < 1 || bits > 8 * self->of.number_bytes || packed->len != (Py_ssize_t)packed_words(&self->of, bits) * 8)
        return refuse("corrections");
    todo->by = self->path;
    todo->of = &self->of;
    todo->in = &self->in;
    todo->seed = seed->buf;
    todo->labels = labels->buf;
    todo->bits = bits;
    todo->share = share->buf;
    return 0;
}

static PyObject *product_correct(Product *self, PyObject *args)
{
    unsigned long long row, weight;
    unsigned bits;
    Py_buffer seed, labels, delta, own, share, packed;
    bit_work todo = {0};
    if (!PyArg_ParseTuple(args, "y*Ky*y*y*IKw*w*", &seed, &row, &labels, &delta, &own, &bits, &weight, &share, &packed))
        return NULL;
    todo.row = row;
    todo.weight = weight;
    int wrong = set_bit(self, &todo, &seed, &labels, bits, &share, &packed);
    if (!wrong && (delta.len != BLOCK || own.len != share.len))
        wrong = refuse("numbers or correlations");
    if (!wrong) {
        Py_BEGIN_ALLOW_THREADS
        correct(&todo, delta.buf, own.buf, packed.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&seed);
    PyBuffer_Release(&labels);
    PyBuffer_Release(&delta);
    PyBuffer_Release(&own);
    PyBuffer_Release(&share);
    PyBuffer_Release(&packed);
    return wrong ? NULL : Py_NewRef(Py_None);
}

static PyObject *product_apply(Product *self, PyObject *args)
{
    unsigned long long row, weight;
    unsigned bits;
    Py_buffer seed, labels, share, packed;
    bit_work todo = {0};
    if (!PyArg_ParseTuple(args, "y*Ky*y*IKw*", &seed, &row, &labels, &packed, &bits, &weight, &share))
        return NULL;
    todo.row = row;
    todo.weight = weight;
    int wrong = set_bit(self, &todo, &seed, &labels, bits, &share, &packed);
    if (!wrong) {
        Py_BEGIN_ALLOW_THREADS
        apply(&todo, packed.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&seed);
    PyBuffer_Release(&labels);
    PyBuffer_Release(&share);
    PyBuffer_Release(&packed);
    return wrong ? NULL : Py_NewRef(Py_None);
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
