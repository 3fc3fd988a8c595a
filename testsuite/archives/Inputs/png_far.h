/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * libpng as a service: images in memory, by its simplified interface, in PNG_FORMAT_RGBA: how large a pixel is, libpng's
 * header says by a conditional expression, which a gate does not compute.
 */
#include <farcall/annotate.h>
#include <png.h>

/* clang-format off */
far_service(png, 1, 6);

struct far_describes(png_image) png_far_image {
    png_controlp far_handle far_nullable opaque;
};

far_op png_uint_32 png_access_version_number(void);
far_op far_fails(0)
    int png_image_write_to_memory(png_imagep far_inout image, void *far_out __sized_by_or_null(*memory_bytes) memory,
                                  png_alloc_size_t *far_inout memory_bytes, int convert_to_8_bit,
                                  const void *__sized_by(4 * image->width * image->height) buffer,
                                  png_int_32 row_stride, const void *__sized_by_or_null(1024) colormap);
far_op far_fails(0)
    int png_image_begin_read_from_memory(png_imagep far_inout far_lifetime(released) image,
                                         png_const_voidp __sized_by(size) far_lifetime(image) memory, size_t size);
far_op far_fails(0)
    int png_image_finish_read(png_imagep far_inout far_release image, png_const_colorp far_nullable background,
                              void *far_out __sized_by(4 * image->width * image->height) buffer,
                              png_int_32 row_stride, void *far_out __sized_by_or_null(1024) colormap);
far_op void png_image_free(png_imagep far_inout far_release image);
