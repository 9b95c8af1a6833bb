/* The module `_kernel`, see _kernel.pyi. */

#include "objects.h"

#include <string.h>

enum { VERSION = 6 }; /* as in built.py: raised with every change of what is taken or made here */

const path *find_path(const char *name)
{
    for (const path *each = PATHS; each->name; each++)
        if (!strcmp(each->name, name) && each->supported())
            return each;
    PyErr_Format(PyExc_ValueError, "this machine has no path `%s`", name);
    return NULL;
}

int refuse(const char *what)
{
    PyErr_Format(PyExc_ValueError, "%s have a wrong length", what);
    return -1;
}

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
    {"fold", fold_columns, METH_VARARGS, NULL},
    {"transpose", transpose_columns, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static int add_type(PyObject *module, const char *name, PyType_Spec *spec)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    int wrong = !type || PyModule_AddObjectRef(module, name, type);
    Py_XDECREF(type);
    return wrong;
}

static int fill(PyObject *module)
{
    int wrong = add_type(module, "Kernel", &kernel_spec) || add_type(module, "Product", &product_spec) ||
                add_type(module, "Streams", &streams_spec) || add_type(module, "Stretch", &stretch_spec) ||
                PyModule_AddIntConstant(module, "VERSION", VERSION);
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
