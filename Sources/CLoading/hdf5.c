// SPDX-License-Identifier: Apache-2.0
// libhdf5, loaded when a store is first written to. See forwarding.h.
#include "forwarding.h"

#include "../CHDF5/shim.h"

static const char *reason;
static void *library;

static void load_library(void) {
    // As Debian calls the library, then as whoever has its headers has it.
    static const char *const files[] = {
        "libhdf5_serial.so.103", "libhdf5_serial.so", "libhdf5.so", NULL};
    library = load(files, &reason);
}

static void *find(const char *name) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_library);
    return library ? dlsym(library, name) : NULL;
}

#define HDF5(...) FORWARD(find, -1, __VA_ARGS__)

// Identifiers of predefined types and property classes. The header's macros open the library, then
// read them.
#define IDENTIFIERS(X)           \
    X(H5T_IEEE_F32LE_g) \
    X(H5T_IEEE_F64LE_g) \
    X(H5T_STD_I8LE_g) \
    X(H5T_STD_I16LE_g) \
    X(H5T_STD_I32LE_g) \
    X(H5T_STD_I64LE_g) \
    X(H5T_STD_U8LE_g) \
    X(H5T_STD_U16LE_g) \
    X(H5T_STD_U32LE_g) \
    X(H5T_STD_U64LE_g) \
    X(H5T_C_S1_g) \
    X(H5P_CLS_FILE_CREATE_ID_g) \
    X(H5P_CLS_FILE_ACCESS_ID_g) \
    X(H5P_CLS_DATASET_CREATE_ID_g) \
    X(H5P_CLS_GROUP_CREATE_ID_g) \
    X(H5P_CLS_ATTRIBUTE_CREATE_ID_g) \
    X(H5P_CLS_LINK_CREATE_ID_g)
#define DEFINE(name) hid_t name = -1;
IDENTIFIERS(DEFINE)
#define COPY(name)                                    \
    {                                                 \
        const hid_t *identifier = find(#name);        \
        if (identifier) name = *identifier;           \
    }

static herr_t (*real_open)(void);

static void find_open(void) { real_open = (herr_t(*)(void))find("H5open"); }

herr_t H5open(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_open);
    if (!real_open || real_open() < 0) return -1;
    IDENTIFIERS(COPY)
    return 0;
}

// What the library says of its last failure; without a library, why there is none.
herr_t H5Ewalk2(hid_t stack, H5E_direction_t direction, H5E_walk2_t body, void *context) {
    __typeof__(&H5Ewalk2) function = (__typeof__(&H5Ewalk2))find("H5Ewalk2");
    if (function) return function(stack, direction, body, context);
    H5E_error2_t error = {.desc = reason};
    return body(0, &error, context);
}

HDF5(herr_t, H5dont_atexit, 0)
HDF5(herr_t, H5check_version, 3, unsigned int, unsigned int, unsigned int)
HDF5(hid_t, H5Tcreate, 2, H5T_class_t, size_t)
HDF5(hid_t, H5Tcopy, 1, hid_t)
HDF5(herr_t, H5Tclose, 1, hid_t)
HDF5(herr_t, H5Tinsert, 4, hid_t, const char *, size_t, hid_t)
HDF5(hid_t, H5Tenum_create, 1, hid_t)
HDF5(herr_t, H5Tenum_insert, 3, hid_t, const char *, const void *)
HDF5(hid_t, H5Tarray_create2, 3, hid_t, unsigned int, const hsize_t *)
HDF5(herr_t, H5Tset_size, 2, hid_t, size_t)
HDF5(herr_t, H5Tset_precision, 2, hid_t, size_t)
HDF5(herr_t, H5Tset_fields, 6, hid_t, size_t, size_t, size_t, size_t, size_t)
HDF5(herr_t, H5Tset_ebias, 2, hid_t, size_t)
HDF5(herr_t, H5Tset_cset, 2, hid_t, H5T_cset_t)
HDF5(herr_t, H5Tset_strpad, 2, hid_t, H5T_str_t)
HDF5(herr_t, H5Lcreate_hard, 6, hid_t, const char *, hid_t, const char *, hid_t, hid_t)
HDF5(herr_t, H5Lmove, 6, hid_t, const char *, hid_t, const char *, hid_t, hid_t)
HDF5(herr_t, H5Ldelete, 3, hid_t, const char *, hid_t)
HDF5(htri_t, H5Lexists, 3, hid_t, const char *, hid_t)
HDF5(hid_t, H5Oopen, 3, hid_t, const char *, hid_t)
HDF5(herr_t, H5Oget_info_by_name2, 5, hid_t, const char *, H5O_info_t *, unsigned int, hid_t)
HDF5(herr_t, H5Oincr_refcount, 1, hid_t)
HDF5(herr_t, H5Ocopy, 6, hid_t, const char *, hid_t, const char *, hid_t, hid_t)
HDF5(herr_t, H5Oclose, 1, hid_t)
HDF5(herr_t, H5Aclose, 1, hid_t)
HDF5(hid_t, H5Acreate_by_name, 8, hid_t, const char *, const char *, hid_t, hid_t, hid_t, hid_t,
    hid_t)
HDF5(herr_t, H5Adelete_by_name, 4, hid_t, const char *, const char *, hid_t)
HDF5(htri_t, H5Aexists_by_name, 4, hid_t, const char *, const char *, hid_t)
HDF5(hid_t, H5Aopen_by_name, 5, hid_t, const char *, const char *, hid_t, hid_t)
HDF5(hid_t, H5Aget_type, 1, hid_t)
HDF5(hid_t, H5Aget_space, 1, hid_t)
HDF5(hsize_t, H5Aget_storage_size, 1, hid_t)
HDF5(herr_t, H5Aread, 3, hid_t, hid_t, void *)
HDF5(herr_t, H5Awrite, 3, hid_t, hid_t, const void *)
HDF5(hid_t, H5Dcreate2, 7, hid_t, const char *, hid_t, hid_t, hid_t, hid_t, hid_t)
HDF5(hid_t, H5Dopen2, 3, hid_t, const char *, hid_t)
HDF5(herr_t, H5Dwrite, 6, hid_t, hid_t, hid_t, hid_t, hid_t, const void *)
HDF5(herr_t, H5Dwrite_chunk, 6, hid_t, hid_t, uint32_t, const hsize_t *, size_t, const void *)
HDF5(herr_t, H5Dclose, 1, hid_t)
HDF5(herr_t, H5Eset_auto2, 3, hid_t, H5E_auto2_t, void *)
HDF5(herr_t, H5Eclear2, 1, hid_t)
HDF5(hid_t, H5Fcreate, 4, const char *, unsigned int, hid_t, hid_t)
HDF5(hid_t, H5Fopen, 3, const char *, unsigned int, hid_t)
HDF5(herr_t, H5Fflush, 2, hid_t, H5F_scope_t)
HDF5(herr_t, H5Fclose, 1, hid_t)
HDF5(hid_t, H5FDregister, 1, const H5FD_class_t *)
HDF5(hid_t, H5Gcreate2, 5, hid_t, const char *, hid_t, hid_t, hid_t)
HDF5(herr_t, H5Gclose, 1, hid_t)
HDF5(herr_t, H5Sclose, 1, hid_t)
HDF5(hid_t, H5Screate, 1, H5S_class_t)
HDF5(hid_t, H5Screate_simple, 3, int, const hsize_t *, const hsize_t *)
HDF5(herr_t, H5Pclose, 1, hid_t)
HDF5(hid_t, H5Pcreate, 1, hid_t)
HDF5(herr_t, H5Pset_deflate, 2, hid_t, unsigned int)
HDF5(herr_t, H5Pset_fletcher32, 1, hid_t)
HDF5(herr_t, H5Pset_obj_track_times, 2, hid_t, hbool_t)
HDF5(herr_t, H5Pset_driver, 3, hid_t, hid_t, const void *)
HDF5(herr_t, H5Pset_libver_bounds, 3, hid_t, H5F_libver_t, H5F_libver_t)
HDF5(herr_t, H5Pset_meta_block_size, 2, hid_t, hsize_t)
HDF5(herr_t, H5Pset_alloc_time, 2, hid_t, H5D_alloc_time_t)
HDF5(herr_t, H5Pset_chunk, 3, hid_t, int, const hsize_t *)
HDF5(herr_t, H5Pset_fill_time, 2, hid_t, H5D_fill_time_t)
HDF5(herr_t, H5Pset_shuffle, 1, hid_t)
HDF5(herr_t, H5Pset_char_encoding, 2, hid_t, H5T_cset_t)
HDF5(herr_t, H5PLset_loading_state, 1, unsigned int)
