/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "client.h"

#include <png.h>

int main(void)
{
    static uint8_t packed[16384], pixels[32][32][4], again[32][32][4];
    png_alloc_size_t size = sizeof packed;
    png_image image = {.version = PNG_IMAGE_VERSION, .width = 32, .height = 32, .format = PNG_FORMAT_RGBA};

    for (unsigned y = 0; y < 32; y++)
        for (unsigned x = 0; x < 32; x++)
            memcpy(pixels[y][x], (uint8_t[]){(uint8_t)(8 * x), (uint8_t)(8 * y), (uint8_t)(x * y), 255}, 4);
    show(png_image_write_to_memory);
    show(png_image_finish_read);
    must(png_image_write_to_memory(&image, packed, &size, 0, pixels, 0, NULL) && size < sizeof packed);
    must(memcmp(packed, "\x89PNG\r\n\x1a\n", 8) == 0);
    image = (png_image){.version = PNG_IMAGE_VERSION};
    must(png_image_begin_read_from_memory(&image, packed, size) && image.width == 32 && image.height == 32);
    image.format = PNG_FORMAT_RGBA;
    must(png_image_finish_read(&image, NULL, again, 0, NULL) && memcmp(again, pixels, sizeof again) == 0);

    packed[size - 30] ^= 1; /* an error inside: libpng leaves by longjmp, within the segment */
    image = (png_image){.version = PNG_IMAGE_VERSION};
    must(png_image_begin_read_from_memory(&image, packed, size));
    image.format = PNG_FORMAT_RGBA;
    must(!png_image_finish_read(&image, NULL, again, 0, NULL));
    printf("png: 32 by 32 pixels there and back; damaged: %s\n", image.message);
    png_image_free(&image);
    return 0;
}
