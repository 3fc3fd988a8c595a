/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "idl/column.h"

#include <stdlib.h>
#include <string.h>

/* One step aligns at most so many tokens; what comes after them is aligned in steps of their own. */
#define TEXT_WINDOW   2000
#define SOURCE_WINDOW 200

/*
 * A call whose arguments come out as they are is better read as its name, its signs, and the arguments themselves: that
 * costs less than a call that became something of its own.
 */
enum { COST_SIGN = 1, COST_NAME = 2, COST_CALL = 6, COST_SKIP = 16 };

/* A step: text pieces from `row` on against source pieces from `column` on. */
struct window {
    const struct pieces *text, *source;
    size_t row, column;
    size_t rows, columns;
    size_t ends[SOURCE_WINDOW]; /* behind the argument list that follows this piece, or just behind it */
    uint32_t *cost;             /* of the rest, from (i, j) on */
    uint32_t *least;            /* of cost at (i, j), (i + 1, j) … */
};

static const struct piece *text_piece(const struct window *w, size_t i)
{
    return &w->text->list[w->row + i];
}

static const struct piece *source_piece(const struct window *w, size_t j)
{
    return &w->source->list[w->column + j];
}

static uint32_t cost_at(const struct window *w, size_t i, size_t j)
{
    return w->cost[i * (w->columns + 1) + j];
}

static uint32_t least_at(const struct window *w, size_t i, size_t j)
{
    return w->least[i * (w->columns + 1) + j];
}

static bool same_piece(const struct piece *a, const struct piece *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static bool is_sign(const struct piece *piece, char sign)
{
    return piece->length == 1 && *piece->text == sign;
}

/* Behind the argument list that begins at j; j if none does or it is not closed here. */
static size_t behind_arguments(const struct window *w, size_t j)
{
    unsigned depth = 0;
    for (size_t at = j; at < w->columns; at++) {
        depth += is_sign(source_piece(w, at), '(');
        depth -= depth && is_sign(source_piece(w, at), ')');
        if (depth == 0)
            return at == j ? j : at + 1;
    }
    return j;
}

/* Text piece i stands at source piece j itself: where the source goes on; 0 if it does not. */
static size_t matched(const struct window *w, size_t i, size_t j)
{
    if (!same_piece(text_piece(w, i), source_piece(w, j)))
        return 0;
    return text_piece(w, i)->is_annotation ? w->ends[j] : j + 1;
}

static uint32_t skip_cost(const struct piece *piece)
{
    return piece->length == 1 && strchr("(),", *piece->text) ? COST_SIGN : COST_SKIP;
}

enum move { MOVE_MATCH, MOVE_NAME, MOVE_CALL, MOVE_SKIP_SOURCE, MOVE_SKIP_TEXT };

/* What a move from (i, j) costs in all, and where the source goes on; UINT32_MAX if it cannot be made. */
static uint32_t move_cost(const struct window *w, enum move move, size_t i, size_t j, size_t *next)
{
    bool in_text = i < w->rows, in_source = j < w->columns;
    switch (move) {
    case MOVE_MATCH:
        *next = in_text && in_source ? matched(w, i, j) : 0;
        return *next ? cost_at(w, i + 1, *next) : UINT32_MAX;
    case MOVE_NAME:
        *next = j + 1;
        return in_source && source_piece(w, j)->is_name ? COST_NAME + least_at(w, i, *next) : UINT32_MAX;
    case MOVE_CALL:
        *next = in_source && source_piece(w, j)->is_name ? w->ends[j] : 0;
        return *next > j + 1 ? COST_CALL + least_at(w, i, *next) : UINT32_MAX;
    case MOVE_SKIP_SOURCE:
        *next = j + 1;
        return in_source ? skip_cost(source_piece(w, j)) + cost_at(w, i, *next) : UINT32_MAX;
    default:
        *next = j;
        return in_text ? COST_SKIP + cost_at(w, i + 1, j) : UINT32_MAX;
    }
}

/* The cheapest move; of equal ones the first of the list. */
static enum move best_move(const struct window *w, size_t i, size_t j, size_t *next, uint32_t *cost)
{
    enum move best = MOVE_SKIP_TEXT;
    *cost = UINT32_MAX;
    for (enum move move = MOVE_MATCH; move <= MOVE_SKIP_TEXT; move++) {
        size_t goes_on = 0;
        uint32_t this_cost = move_cost(w, move, i, j, &goes_on);
        if (this_cost >= *cost)
            continue;
        *cost = this_cost;
        *next = goes_on;
        best = move;
    }
    return best;
}

/* Where a window was cut off nothing is known about what follows: that costs nothing. */
static void fill(struct window *w)
{
    bool text_cut = w->row + w->rows < w->text->count, source_cut = w->column + w->columns < w->source->count;
    for (size_t j = 0; j < w->columns; j++)
        w->ends[j] = behind_arguments(w, j + 1);
    for (size_t i = w->rows + 1; i-- > 0;) {
        for (size_t j = w->columns + 1; j-- > 0;) {
            size_t here = i * (w->columns + 1) + j, next = 0;
            bool free_end = (i == w->rows && text_cut) || (j == w->columns && source_cut);
            if (free_end || (i == w->rows && j == w->columns))
                w->cost[here] = 0;
            else
                best_move(w, i, j, &next, &w->cost[here]);
            w->least[here] = w->cost[here];
            if (i < w->rows && least_at(w, i + 1, j) < w->least[here])
                w->least[here] = least_at(w, i + 1, j);
        }
    }
}

/* One step of a reading: a move from (i, j) to (text_end, source_end). */
struct step {
    enum move move;
    size_t text_end, source_end;
};

static struct step best_step(const struct window *w, size_t i, size_t j)
{
    struct step step = {.text_end = i};
    uint32_t cost;
    step.move = best_move(w, i, j, &step.source_end, &cost);
    if (step.move == MOVE_NAME || step.move == MOVE_CALL)
        while (cost_at(w, step.text_end, step.source_end) != least_at(w, i, step.source_end))
            step.text_end++;
    else
        step.text_end += step.move != MOVE_SKIP_SOURCE;
    return step;
}

/* Could the macro of this step just as well have made everything up to the wanted token? */
static bool is_ambiguous(const struct window *w, struct step step, size_t wanted)
{
    if (step.move != MOVE_NAME && step.move != MOVE_CALL)
        return false;
    for (size_t later = wanted + 1; later <= w->rows; later++)
        if (cost_at(w, later, step.source_end) == cost_at(w, step.text_end, step.source_end))
            return true;
    return false;
}

/* The wanted token came out of the macro at (i, j): perhaps it is one of the arguments, and stands there itself. */
static void look_into_arguments(const struct window *w, size_t i, size_t j, size_t end, size_t wanted,
                                struct origin *origin)
{
    size_t rank = 0, seen = 0;
    for (; i <= wanted; i++)
        rank += same_piece(text_piece(w, i), text_piece(w, wanted));
    for (j++; j < end; j++) {
        if (!same_piece(source_piece(w, j), text_piece(w, wanted)) || ++seen != rank)
            continue;
        origin->piece = w->column + j;
        origin->exact = true;
    }
}

/*
 * Walk the best reading until the wanted text piece is placed: true. False when half of a window that was cut off is
 * used up; the window's row and column then say where to go on.
 */
static bool walk(struct window *w, size_t wanted, struct origin *origin)
{
    bool cut = w->row + w->rows < w->text->count || w->column + w->columns < w->source->count, unsure = false;
    size_t i = 0, j = 0;
    while (!cut || (i <= w->rows / 2 && j <= w->columns / 2)) {
        struct step step = best_step(w, i, j);
        if (j < w->columns)
            origin->piece = w->column + j;
        if (step.text_end > wanted) {
            origin->exact = step.move == MOVE_MATCH;
            origin->macro_sure = (step.move == MOVE_NAME || step.move == MOVE_CALL) && !unsure;
            if (step.move == MOVE_CALL)
                look_into_arguments(w, i, j, step.source_end, wanted, origin);
            return true;
        }
        unsure = unsure || is_ambiguous(w, step, wanted);
        i = step.text_end;
        j = step.source_end;
    }
    w->row += i;
    w->column += j;
    return false;
}

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* As long as both are the same there is nothing to choose. True if that places the wanted piece. */
static bool follow(struct window *w, size_t wanted, struct origin *origin)
{
    while (w->row <= wanted && w->column < w->source->count && same_piece(text_piece(w, 0), source_piece(w, 0))) {
        origin->piece = w->column;
        origin->exact = w->row == wanted;
        w->columns = w->source->count - w->column;
        w->column += text_piece(w, 0)->is_annotation ? behind_arguments(w, 1) : 1;
        w->row++;
    }
    return w->row > wanted;
}

bool column_find(const struct pieces *text, size_t wanted, const struct pieces *source, struct origin *origin)
{
    struct window w = {.text = text, .source = source};
    *origin = (struct origin){.piece = 0};
    bool found = wanted >= text->count || follow(&w, wanted, origin);
    while (!found && w.column < source->count) {
        w.rows = least_of(text->count - w.row, TEXT_WINDOW);
        w.columns = least_of(source->count - w.column, SOURCE_WINDOW);
        size_t cells = (w.rows + 1) * (w.columns + 1);
        w.cost = malloc(2 * cells * sizeof *w.cost);
        if (!w.cost)
            break;
        w.least = w.cost + cells;
        fill(&w);
        origin->cost += cost_at(&w, 0, 0);
        found = walk(&w, wanted - w.row, origin);
        free(w.cost);
        found = found || follow(&w, wanted, origin);
    }
    return source->count > 0;
}
