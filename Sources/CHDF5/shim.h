// What Swift cannot import from hdf5.h: macros that evaluate to library state.
#pragma once
#include <hdf5.h>
