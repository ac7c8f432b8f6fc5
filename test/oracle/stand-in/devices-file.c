/*
 * The file of devices. Each line has one statement, with any indentation; empty lines, and lines that begin with #, are skipped. A
 * statement is a word and KEY=VALUE fields in any order, each at most once; fields in [] are optional. Numbers are decimal or 0x….
 *
 *   device bus=1..255 address=1..127 port=1.4 speed=SPEED vendor=0..0xffff product=0..0xffff
 *          [class=0..255] [name=TEXT] [drivers=0|1] [open-error=-99..-1] [claim-error=-99..-1]
 *   configuration                                                 of the device above, up to 8
 *   interface                                                     of the configuration above, up to 32
 *   setting class=0..255 subclass=0..255 protocol=0..255          of the interface above; each has at least one
 *   endpoint address=0..255 type=TYPE packet=0..0xffff [streams=0..31]      of the setting above, up to 30
 *
 * SPEED: unknown low full high super super-plus super-plus-x2. TYPE: control isochronous bulk interrupt. TEXT: letters, digits and
 * . _ -, any other byte as %XX. `drivers`: whether kernel drivers have the interfaces; default 1. `packet` is the raw
 * wMaxPacketSize, `streams` the lower five bits of bmAttributes of the SuperSpeed companion, which every endpoint of a SuperSpeed
 * device has, and every endpoint with streams.
 *
 * Any other text ends QEMU with the line's number on stderr. QEMU reads the file at each scan: replace it with rename(2).
 */
#include "stand-in.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1024, MAX_FIELDS = 12 };

struct field {
    char *key, *value;
    bool used;
};

struct statement {
    const char *word;
    struct field fields[MAX_FIELDS];
    int count;
};

static const char *file_name;
static int line_number;

static _Noreturn void __attribute__((format(printf, 1, 2))) malformed(const char *format, ...)
{
    char words[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    fail("%s:%d: %s", file_name, line_number, words);
}

/* --- fields --- */

static char *optional(struct statement *statement, const char *key)
{
    for (int i = 0; i < statement->count; i++) {
        struct field *field = &statement->fields[i];
        if (strcmp(field->key, key) == 0) {
            field->used = true;
            return field->value;
        }
    }
    return NULL;
}

static char *required(struct statement *statement, const char *key)
{
    char *value = optional(statement, key);
    if (value == NULL)
        malformed("%s without %s", statement->word, key);
    return value;
}

static long number_in(const char *key, const char *text, long least, long most)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 0);
    if (errno != 0 || end == text || *end != 0 || isspace((unsigned char)*text) || value < least || value > most)
        malformed("%s=%s is not a number from %ld to %ld", key, text, least, most);
    return value;
}

static long number(struct statement *statement, const char *key, long least, long most)
{
    return number_in(key, required(statement, key), least, most);
}

static long number_or(struct statement *statement, const char *key, long least, long most, long otherwise)
{
    const char *text = optional(statement, key);
    return text == NULL ? otherwise : number_in(key, text, least, most);
}

static int one_of(struct statement *statement, const char *key, const char *const *names, int count)
{
    const char *text = required(statement, key);
    for (int i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    malformed("%s=%s is none that is known", key, text);
}

static void read_name(const char *text, char *name)
{
    size_t length = 0;
    for (; *text != 0; text++) {
        unsigned byte = (unsigned char)*text;
        if (byte == '%') {
            if (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
                malformed("name: %% stands before two hexadecimal digits");
            char digits[3] = {text[1], text[2], 0};
            byte = (unsigned)strtoul(digits, NULL, 16);
            text += 2;
        } else if (!isalnum((int)byte) && strchr("._-", (int)byte) == NULL) {
            malformed("name: %c is written %%%02X", byte, byte);
        }
        if (length == NAME_BYTES)
            malformed("name of more than %d bytes", NAME_BYTES);
        name[length++] = (char)byte;
    }
    name[length] = 0;
}

static void read_ports(char *text, struct libusb_device *device)
{
    for (char *rest = text, *part; (part = strsep(&rest, ".")) != NULL;) {
        if (device->port_count == MAX_PORTS)
            malformed("port of more than %d numbers", MAX_PORTS);
        device->ports[device->port_count++] = (uint8_t)number_in("port", part, 1, 255);
    }
}

/* --- statements --- */

static void append(struct configuration *configuration, const uint8_t *bytes, size_t count)
{
    if (configuration->length + count > UINT16_MAX)
        malformed("a configuration of more than %d bytes", UINT16_MAX);
    configuration->bytes = realloc(configuration->bytes, configuration->length + count);
    if (configuration->bytes == NULL)
        fail("out of memory");
    memcpy(configuration->bytes + configuration->length, bytes, count);
    configuration->length += count;
    configuration->bytes[AT_TOTAL_LENGTH] = LOW_BYTE(configuration->length);
    configuration->bytes[AT_TOTAL_LENGTH + 1] = HIGH_BYTE(configuration->length);
}

/* What is being read: each statement belongs to the last of the one above it. */
struct reading {
    struct libusb_device *device;
    struct configuration *configuration;
    int settings;         /* of the interface at hand; -1: there is no interface */
    size_t setting;       /* offset of the setting's descriptor; 0: there is none */
};

static void end_interface(struct reading *reading)
{
    if (reading->settings == 0)
        malformed("the interface above has no setting");
    reading->settings = -1;
    reading->setting = 0;
}

static void end_device(struct reading *reading)
{
    end_interface(reading);
    reading->configuration = NULL;
    struct libusb_device *device = reading->device;
    if (device != NULL && device->drivers != 0)
        device->drivers = interface_count(device) == MAX_INTERFACES ? UINT32_MAX : (1u << interface_count(device)) - 1;
}

static void read_device(struct statement *statement, struct reading *reading)
{
    static const char *const speeds[] = {"unknown", "low", "full", "high", "super", "super-plus", "super-plus-x2"};
    static const uint16_t usb_versions[] = {0x0110, 0x0110, 0x0110, 0x0200, 0x0300, 0x0310, 0x0320};

    end_device(reading);
    struct libusb_device *device = calloc(1, sizeof(*device));
    if (device == NULL)
        fail("out of memory");
    device->bus = (uint8_t)number(statement, "bus", 1, 255);
    device->address = (uint8_t)number(statement, "address", 1, 127);
    read_ports(required(statement, "port"), device);
    device->speed = one_of(statement, "speed", speeds, sizeof(speeds) / sizeof(*speeds));
    device->drivers = (uint32_t)number_or(statement, "drivers", 0, 1, 1);
    device->open_error = (int)number_or(statement, "open-error", -99, -1, 0);
    device->claim_error = (int)number_or(statement, "claim-error", -99, -1, 0);
    const char *name = optional(statement, "name");
    if (name != NULL)
        read_name(name, device->name);

    bool is_super = device->speed >= LIBUSB_SPEED_SUPER;
    device->descriptor = (struct libusb_device_descriptor){
        .bLength = LIBUSB_DT_DEVICE_SIZE,
        .bDescriptorType = LIBUSB_DT_DEVICE,
        .bcdUSB = usb_versions[device->speed],
        .bDeviceClass = (uint8_t)number_or(statement, "class", 0, 255, 0),
        /* SuperSpeed devices tell an exponent of 2 */
        .bMaxPacketSize0 = is_super ? 9 : device->speed >= LIBUSB_SPEED_FULL ? 64 : 8,
        .idVendor = (uint16_t)number(statement, "vendor", 0, 0xffff),
        .idProduct = (uint16_t)number(statement, "product", 0, 0xffff),
        .iProduct = device->name[0] != 0 ? STRING_PRODUCT : 0,
    };
    reading->device = device;
}

static void read_configuration(struct reading *reading)
{
    if (reading->device == NULL)
        malformed("configuration without a device above it");
    end_interface(reading);
    uint8_t index = reading->device->descriptor.bNumConfigurations;
    if (index == MAX_CONFIGURATIONS)
        malformed("more than %d configurations", MAX_CONFIGURATIONS);
    reading->device->descriptor.bNumConfigurations++;
    reading->configuration = &reading->device->configurations[index];
    /* bus powered, can wake its host, 100 mA in units of 2 mA (USB 2.0) or 96 in units of 8 mA (USB 3) */
    uint8_t power = reading->device->speed >= LIBUSB_SPEED_SUPER ? 12 : 50;
    uint8_t bytes[CONFIGURATION_BYTES] = {sizeof(bytes), LIBUSB_DT_CONFIG, 0, 0, 0, (uint8_t)(index + 1), 0, 0xa0, power};
    append(reading->configuration, bytes, sizeof(bytes));
}

static void read_interface(struct reading *reading)
{
    if (reading->configuration == NULL)
        malformed("interface without a configuration above it");
    end_interface(reading);
    if (reading->configuration->bytes[AT_INTERFACES]++ == MAX_INTERFACES)
        malformed("more than %d interfaces", MAX_INTERFACES);
    reading->settings = 0;
}

static void read_setting(struct statement *statement, struct reading *reading)
{
    if (reading->settings < 0)
        malformed("setting without an interface above it");
    if (reading->settings > UINT8_MAX)
        malformed("more than 256 settings");
    struct configuration *configuration = reading->configuration;
    reading->setting = configuration->length;
    uint8_t bytes[INTERFACE_BYTES] = {
        sizeof(bytes),
        LIBUSB_DT_INTERFACE,
        (uint8_t)(configuration->bytes[AT_INTERFACES] - 1),
        (uint8_t)reading->settings++,
        0,
        (uint8_t)number(statement, "class", 0, 255),
        (uint8_t)number(statement, "subclass", 0, 255),
        (uint8_t)number(statement, "protocol", 0, 255),
        0,
    };
    append(configuration, bytes, sizeof(bytes));
}

static void read_endpoint(struct statement *statement, struct reading *reading)
{
    static const char *const types[] = {"control", "isochronous", "bulk", "interrupt"};

    if (reading->setting == 0)
        malformed("endpoint without a setting above it");
    struct configuration *configuration = reading->configuration;
    if (configuration->bytes[reading->setting + AT_ENDPOINTS]++ == MAX_ENDPOINTS)
        malformed("more than %d endpoints", MAX_ENDPOINTS);
    uint16_t packet = (uint16_t)number(statement, "packet", 0, 0xffff);
    uint8_t streams = (uint8_t)number_or(statement, "streams", 0, 31, 0);
    uint8_t bytes[ENDPOINT_BYTES] = {
        sizeof(bytes),
        LIBUSB_DT_ENDPOINT,
        (uint8_t)number(statement, "address", 0, 255),
        (uint8_t)one_of(statement, "type", types, 4),
        LOW_BYTE(packet),
        HIGH_BYTE(packet),
        4, /* bInterval */
    };
    append(configuration, bytes, sizeof(bytes));
    if (streams > 0 || reading->device->speed >= LIBUSB_SPEED_SUPER) {
        uint8_t companion[COMPANION_BYTES] = {sizeof(companion), LIBUSB_DT_SS_ENDPOINT_COMPANION, 0, streams, 0, 0};
        append(configuration, companion, sizeof(companion));
    }
}

/* Cuts a line into its parts. */
static struct statement read_line(char *line)
{
    struct statement statement = {.word = strsep(&line, " ")};
    for (char *part; (part = strsep(&line, " ")) != NULL;) {
        if (*part == 0)
            continue;
        char *value = strchr(part, '=');
        if (value == NULL || value == part || value[1] == 0)
            malformed("%s is not KEY=VALUE", part);
        *value++ = 0;
        if (optional(&statement, part) != NULL)
            malformed("%s twice", part);
        if (statement.count == MAX_FIELDS)
            malformed("more than %d fields", MAX_FIELDS);
        statement.fields[statement.count++] = (struct field){.key = part, .value = value};
    }
    for (int i = 0; i < statement.count; i++)
        statement.fields[i].used = false;
    return statement;
}

static void read_statement(struct statement *statement, struct reading *reading)
{
    if (strcmp(statement->word, "device") == 0)
        read_device(statement, reading);
    else if (strcmp(statement->word, "configuration") == 0)
        read_configuration(reading);
    else if (strcmp(statement->word, "interface") == 0)
        read_interface(reading);
    else if (strcmp(statement->word, "setting") == 0)
        read_setting(statement, reading);
    else if (strcmp(statement->word, "endpoint") == 0)
        read_endpoint(statement, reading);
    else
        malformed("no such statement: %s", statement->word);
    for (int i = 0; i < statement->count; i++)
        if (!statement->fields[i].used)
            malformed("%s has no %s", statement->word, statement->fields[i].key);
}

/* --- devices --- */

static struct libusb_device *devices;

static void forget(struct libusb_device *device)
{
    for (int i = 0; i < MAX_CONFIGURATIONS; i++)
        free(device->configurations[i].bytes);
    free(device->lines);
    free(device);
}

/* Takes a device that was read into the list, unless it is there. QEMU keeps pointers: what is in the list stays. */
static void take(struct reading *reading, const char *lines, size_t length)
{
    struct libusb_device *read = reading->device;
    end_device(reading);
    reading->device = NULL;
    if (read == NULL)
        return;
    read->lines = strndup(lines, length);
    struct libusb_device **place = &devices;
    for (; *place != NULL; place = &(*place)->next) {
        struct libusb_device *known = *place;
        bool same = strcmp(known->lines, read->lines) == 0;
        if (known->present && known->bus == read->bus && known->address == read->address)
            malformed("the device above is told twice: bus=%d address=%d", read->bus, read->address);
        if (!same)
            continue;
        known->present = true;
        forget(read);
        return;
    }
    read->present = true;
    *place = read;
}

static char *read_file(void)
{
    FILE *file = fopen(file_name, "r");
    if (file == NULL)
        fail("%s: %m", file_name);
    size_t size = 0, length = 0;
    char *text = NULL;
    do {
        size = size * 2 + 4096;
        text = realloc(text, size + 1);
        if (text == NULL)
            fail("out of memory");
        length += fread(text + length, 1, size - length, file);
    } while (length == size);
    if (ferror(file))
        fail("%s: %m", file_name);
    fclose(file);
    text[length] = 0;
    if (strlen(text) != length)
        fail("%s has a zero byte", file_name);
    return text;
}

struct libusb_device *scan(void)
{
    file_name = setting_of("USB_STAND_IN_DEVICES");
    line_number = 0;
    char *text = read_file();
    bool was_present = false;
    for (struct libusb_device *device = devices; device != NULL; device = device->next) {
        was_present |= device->present;
        device->present = false;
    }
    struct reading reading = {.settings = -1};
    const char *start = text;
    for (const char *next, *at = text; *at != 0; at = next) {
        line_number++;
        next = at + strcspn(at, "\n");
        size_t length = (size_t)(next - at);
        const char *line = at;
        if (*next != 0)
            next++;
        while (length > 0 && *at == ' ') {
            at++;
            length--;
        }
        if (length == 0 || *at == '#')
            continue;
        if (length >= LINE_BYTES)
            malformed("a line of more than %d bytes", LINE_BYTES - 1);
        char copy[LINE_BYTES];
        memcpy(copy, at, length);
        copy[length] = 0;
        struct statement statement = read_line(copy);
        if (strcmp(statement.word, "device") == 0) {
            take(&reading, start, (size_t)(line - start));
            start = line;
        }
        read_statement(&statement, &reading);
    }
    take(&reading, start, strlen(start));
    free(text);
    if (was_present)
        for (struct libusb_device *device = devices; device != NULL; device = device->next)
            if (!device->present)
                pull(device);
    return devices;
}
