/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/host/config_locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

static unsigned line_of(yaml_mark_t mark)
{
    return (unsigned)mark.line + 1;
}

/* The value of the last pair whose key is the `length` bytes at `key`; NULL if there is none. */
static yaml_node_t *mapping_get(
    yaml_document_t *document, yaml_node_t *node, const char *key, size_t length, unsigned *line)
{
    yaml_node_t *found = NULL;
    if (node->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *i = node->data.mapping.pairs.start; i < node->data.mapping.pairs.top;
         i++) {
        yaml_node_t *name = yaml_document_get_node(document, i->key);
        if (name == NULL || name->type != YAML_SCALAR_NODE || name->data.scalar.length != length ||
            memcmp(name->data.scalar.value, key, length) != 0)
            continue;
        found = yaml_document_get_node(document, i->value);
        *line = line_of(name->start_mark);
    }
    return found;
}

static yaml_node_t *sequence_get(
    yaml_document_t *document, yaml_node_t *node, size_t index, unsigned *line)
{
    if (node->type != YAML_SEQUENCE_NODE)
        return NULL;
    yaml_node_item_t *start = node->data.sequence.items.start;
    if (index >= (size_t)(node->data.sequence.items.top - start))
        return NULL;
    yaml_node_t *found = yaml_document_get_node(document, start[index]);
    if (found != NULL)
        *line = line_of(found->start_mark);
    return found;
}

static unsigned walk(yaml_document_t *document, const char *path, bool *whole)
{
    unsigned line = 1;
    yaml_node_t *node = yaml_document_get_root_node(document);
    while (node != NULL && *path != 0) {
        if (*path == '[') {
            char *end = NULL;
            node = sequence_get(document, node, strtoul(path + 1, &end, 10), &line);
            path = *end == ']' ? end + 1 : end;
        } else {
            size_t length = strcspn(path, ".[");
            node = mapping_get(document, node, path, length, &line);
            path += length;
        }
        path += *path == '.';
    }
    *whole = node != NULL;
    return line;
}

unsigned config_locate(const char *text, size_t bytes, const char *path, bool *whole)
{
    yaml_parser_t parser;
    yaml_document_t document;
    unsigned line = 1;
    bool all = false;
    if (yaml_parser_initialize(&parser) != 0) {
        yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
        if (yaml_parser_load(&parser, &document) != 0) {
            line = walk(&document, path, &all);
            yaml_document_delete(&document);
        }
        yaml_parser_delete(&parser);
    }
    if (whole != NULL)
        *whole = all;
    return line;
}

/* Says what is wrong with the parser's next document, or why it should not be there. */
static bool next_is_mapping(
    yaml_parser_t *parser, bool first, unsigned *line, char *problem, size_t problem_bytes)
{
    yaml_document_t document;
    if (yaml_parser_load(parser, &document) == 0) {
        *line = line_of(parser->problem_mark);
        snprintf(problem, problem_bytes, "not valid YAML: %s",
            parser->problem != NULL ? parser->problem : "unreadable");
        return false;
    }
    yaml_node_t *root = yaml_document_get_root_node(&document);
    const char *text = NULL;
    *line = root != NULL ? line_of(root->start_mark) : 1;
    if (first && root == NULL)
        text = "empty";
    else if (first && root->type != YAML_MAPPING_NODE)
        text = "no mapping of keys to values";
    else if (!first && root != NULL)
        text = "a second YAML document; there must be one";
    yaml_document_delete(&document);
    if (text != NULL)
        snprintf(problem, problem_bytes, "%s", text);
    return text == NULL;
}

bool config_is_mapping(
    const char *text, size_t bytes, unsigned *line, char *problem, size_t problem_bytes)
{
    yaml_parser_t parser;
    *line = 1;
    if (yaml_parser_initialize(&parser) == 0) {
        snprintf(problem, problem_bytes, "no memory to read it");
        return false;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
    bool good = next_is_mapping(&parser, true, line, problem, problem_bytes) &&
                next_is_mapping(&parser, false, line, problem, problem_bytes);
    yaml_parser_delete(&parser);
    return good;
}
