/* What the types of the module share. */

#ifndef CCR_OBJECTS_H
#define CCR_OBJECTS_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000 /* the buffer protocol is in it from 3.11 on */
#include <Python.h>

#include "stretch.h"

extern PyType_Spec kernel_spec, product_spec, streams_spec, stretch_spec;

PyObject *fold_columns(PyObject *, PyObject *);
PyObject *transpose_columns(PyObject *, PyObject *);

/* A kernel's program as Python holds it. */
typedef struct {
    PyObject_HEAD
    program of;
} Kernel;

/* The path of that name; NULL, with ValueError, if this machine has none. */
const path *find_path(const char *name);

/* ValueError for what is not as long as it should be; -1. */
int refuse(const char *what);

#endif
