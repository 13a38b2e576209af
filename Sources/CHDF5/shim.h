// What Swift cannot import from hdf5.h: macros that evaluate to library state, and a driver's file,
// whose first member must be the library's own structure.
#pragma once
#if __has_include(<hdf5.h>)
#include <hdf5.h>
#else
#include <hdf5/serial/hdf5.h>
#endif

// One file opened through Retort's virtual file driver.
typedef struct retort_driver_file {
    H5FD_t base;
    void *owner;
} retort_driver_file;

static inline haddr_t retort_undefined_address(void) { return HADDR_UNDEF; }
// Linux: starts writing dirty pages to the device and waits for nothing. A hint to the file driver;
// the declaration is hidden from Swift behind _GNU_SOURCE.
extern int sync_file_range(int descriptor, long offset, long count, unsigned flags);

static inline hid_t retort_default(void) { return H5P_DEFAULT; }
static inline hid_t retort_error_stack(void) { return H5E_DEFAULT; }
static inline hid_t retort_whole_space(void) { return H5S_ALL; }

static inline unsigned retort_access_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned retort_access_read_write(void) { return H5F_ACC_RDWR; }

static inline hid_t retort_file_access_class(void) { return H5P_FILE_ACCESS; }
static inline hid_t retort_file_creation_class(void) { return H5P_FILE_CREATE; }
static inline hid_t retort_group_creation_class(void) { return H5P_GROUP_CREATE; }
static inline hid_t retort_dataset_creation_class(void) { return H5P_DATASET_CREATE; }
static inline hid_t retort_attribute_creation_class(void) { return H5P_ATTRIBUTE_CREATE; }
static inline hid_t retort_link_creation_class(void) { return H5P_LINK_CREATE; }

static inline hid_t retort_type_i8(void) { return H5T_STD_I8LE; }
static inline hid_t retort_type_u8(void) { return H5T_STD_U8LE; }
static inline hid_t retort_type_i16(void) { return H5T_STD_I16LE; }
static inline hid_t retort_type_u16(void) { return H5T_STD_U16LE; }
static inline hid_t retort_type_i32(void) { return H5T_STD_I32LE; }
static inline hid_t retort_type_u32(void) { return H5T_STD_U32LE; }
static inline hid_t retort_type_i64(void) { return H5T_STD_I64LE; }
static inline hid_t retort_type_u64(void) { return H5T_STD_U64LE; }
static inline hid_t retort_type_f32(void) { return H5T_IEEE_F32LE; }
static inline hid_t retort_type_f64(void) { return H5T_IEEE_F64LE; }
static inline hid_t retort_type_string(void) { return H5T_C_S1; }
static inline size_t retort_variable_size(void) { return H5T_VARIABLE; }
