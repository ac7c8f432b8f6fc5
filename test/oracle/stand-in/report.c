/* The output of the stand-in: a log of what QEMU did to which device, and its own errors. */
#include "stand-in.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *setting_of(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || *value == 0)
        fail("%s is not set", name);
    return value;
}

void note(const struct libusb_device *device, const char *format, ...)
{
    FILE *log = fopen(setting_of("USB_STAND_IN_LOG"), "a");
    if (log == NULL)
        fail("the log cannot be opened: %m");
    fprintf(log, "%d.%d ", device->bus, device->address);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(log, format, arguments);
    va_end(arguments);
    fputc('\n', log);
    fclose(log);
}

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("usb stand-in: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    _exit(70);
}
