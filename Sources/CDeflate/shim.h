// libdeflate for whole buffers; zlib only where a stream of unknown length is needed.
#pragma once
#include <libdeflate.h>
#include <zlib.h>
