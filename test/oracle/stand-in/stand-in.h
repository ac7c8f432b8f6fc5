/*
 * A stand-in for libusb below a real QEMU. QEMU's own usb-host decides; only the devices come from a text file (its grammar is in
 * devices-file.c). QEMU loads it in libusb's place, by the name libusb-1.0.so.0. For tests only.
 *
 * QEMU calls libusb with its big lock held, so this code needs no locks.
 */
#ifndef STAND_IN_H
#define STAND_IN_H

/* Exports only what libusb.h declares (-fvisibility=hidden), because QEMU may have functions of the same names. */
#pragma GCC visibility push(default)
#include <libusb.h>
#pragma GCC visibility pop
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_CONFIGURATIONS = 8, MAX_INTERFACES = 32, MAX_ENDPOINTS = 30, MAX_PORTS = 7, NAME_BYTES = 126, STRING_PRODUCT = 2 };

/* Sizes of descriptors in bytes, and offsets in them (USB 3.2, 9.6). */
enum { CONFIGURATION_BYTES = 9, INTERFACE_BYTES = 9, ENDPOINT_BYTES = 7, COMPANION_BYTES = 6 };
enum { AT_TOTAL_LENGTH = 2, AT_INTERFACES = 4, AT_ENDPOINTS = 4 };

/* A 16-bit number on the bus. */
#define LOW_BYTE(number) ((uint8_t)((number) & 0xff))
#define HIGH_BYTE(number) ((uint8_t)((number) >> 8 & 0xff))

/* A configuration as the device reports it: its descriptor and all that belong to it. */
struct configuration {
    uint8_t *bytes;
    size_t length;
};

struct libusb_device {
    struct libusb_device *next;
    /* Its lines in the file: the same lines are the same device, other lines are another. */
    char *lines;
    bool present;

    uint8_t bus, address;
    uint8_t ports[MAX_PORTS];
    int port_count;
    int speed;
    char name[NAME_BYTES + 1];
    struct libusb_device_descriptor descriptor;
    struct configuration configurations[MAX_CONFIGURATIONS];
    /* The negative libusb errors of opening and claiming; 0: none. */
    int open_error, claim_error;

    /* State that changes while QEMU has it. */
    int active; /* index of the configuration */
    uint32_t drivers; /* a bit for each interface that a kernel driver has */
};

struct libusb_device_handle {
    struct libusb_device *device;
};

/* devices-file.c: the devices that the file has now; unplugged ones stay in the list, marked as not present. */
struct libusb_device *scan(void);

/* descriptors.c */
int interface_count(const struct libusb_device *device);
struct libusb_config_descriptor *parse_configuration(const struct configuration *configuration);
/* Answers a control request to endpoint 0. Returns the number of bytes in `data`, or a negative number for a stall. */
int answer(struct libusb_device *device, const struct libusb_control_setup *setup, uint8_t *data);

/* transfers.c */
void pull(struct libusb_device *device);

/* report.c: writes a line of the log; ends QEMU with a message for the file's author. */
void note(const struct libusb_device *device, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *setting_of(const char *name);

#endif
