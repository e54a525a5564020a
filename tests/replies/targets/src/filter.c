#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "filter.h"

#define KERNEL 5
#define RADIUS (KERNEL / 2)

static const float weights[KERNEL] = { 0.06f, 0.24f, 0.40f, 0.24f, 0.06f };

/* Clamp an index into [0, n). */
static int clamp(int i, int n)
{
	if (i < 0)
		return 0;
	if (i >= n)
		return n - 1;
	return i;
}

static void blur_rows(const uint8_t *in, float *out, int width, int height)
{
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			float sum = 0.0f;
			for (int k = -RADIUS; k <= RADIUS; k++) {
				sum += weights[k + RADIUS] * in[y * width + clamp(x + k, width)];
			}
			out[y * width + x] = sum;
		}
	}
}

static void blur_columns(const float *in, uint8_t *out, int width, int height)
{
	for (int x = 0; x < width; x++) {
		for (int y = 0; y < height; y++) {
			float sum = 0.0f;
			for (int k = -RADIUS; k <= RADIUS; k++) {
				sum += weights[k + RADIUS] * in[clamp(y + k, height) * width + x];
			}
			out[y * width + x] = (uint8_t)(sum + 0.5f);
		}
	}
}

int filter(uint8_t *image, int width, int height)
{
	float *rows = malloc(sizeof(float) * width * height);
	if (rows == NULL)
		return -1;
	blur_rows(image, rows, width, height);
	blur_columns(rows, image, width, height);
	free(rows);
	return 0;
}
