// SPDX-License-Identifier: Apache-2.0
// Nothing to call: the target defines the functions of libhdf5 and oneDNN that Retort uses, under
// their own names.
#pragma once
