/* The functions of libusb that QEMU 5.2 … 11.1 calls for devices and handles. The log has all that reaches a device. */
#include "stand-in.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int libusb_set_option(libusb_context *context, enum libusb_option option, ...)
{
    (void)context, (void)option;
    return 0;
}

/* --- devices --- */

ssize_t libusb_get_device_list(libusb_context *context, libusb_device ***list)
{
    (void)context;
    ssize_t count = 0;
    struct libusb_device *first = scan();
    for (struct libusb_device *device = first; device != NULL; device = device->next)
        count += device->present;
    *list = calloc((size_t)count + 1, sizeof(**list));
    if (*list == NULL)
        fail("out of memory");
    libusb_device **place = *list;
    for (struct libusb_device *device = first; device != NULL; device = device->next)
        if (device->present)
            *place++ = device;
    return count;
}

void libusb_free_device_list(libusb_device **list, int unref)
{
    (void)unref;
    free(list);
}

/* Devices stay as long as the process, so there are no references to count. */
libusb_device *libusb_ref_device(libusb_device *device)
{
    return device;
}

void libusb_unref_device(libusb_device *device)
{
    (void)device;
}

uint8_t libusb_get_bus_number(libusb_device *device)
{
    return device->bus;
}

uint8_t libusb_get_device_address(libusb_device *device)
{
    return device->address;
}

int libusb_get_device_speed(libusb_device *device)
{
    return device->speed;
}

int libusb_get_port_numbers(libusb_device *device, uint8_t *numbers, int length)
{
    if (device->port_count > length)
        return LIBUSB_ERROR_OVERFLOW;
    memcpy(numbers, device->ports, (size_t)device->port_count);
    return device->port_count;
}

/* --- handles --- */

static int open_device(struct libusb_device *device, libusb_device_handle **handle)
{
    int error = device->present ? device->open_error : LIBUSB_ERROR_NO_DEVICE;
    if (error != 0) {
        note(device, "open error %d", error);
        return error;
    }
    note(device, "open");
    *handle = calloc(1, sizeof(**handle));
    if (*handle == NULL)
        fail("out of memory");
    (*handle)->device = device;
    return 0;
}

int libusb_open(libusb_device *device, libusb_device_handle **handle)
{
    scan();
    return open_device(device, handle);
}

/* The node is known by the end of its path, BBB/DDD, as below /dev/bus/usb. */
int libusb_wrap_sys_device(libusb_context *context, intptr_t descriptor, libusb_device_handle **handle)
{
    (void)context;
    char link[64], path[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", (int)descriptor);
    ssize_t length = readlink(link, path, sizeof(path) - 1);
    if (length < 0)
        return LIBUSB_ERROR_IO;
    path[length] = 0;
    int bus, address, end = 0;
    const char *tail = length >= 8 ? path + length - 8 : path;
    if (sscanf(tail, "/%3d/%3d%n", &bus, &address, &end) != 2 || end != 8)
        return LIBUSB_ERROR_IO;
    for (struct libusb_device *device = scan(); device != NULL; device = device->next)
        if (device->present && device->bus == bus && device->address == address)
            return open_device(device, handle);
    return LIBUSB_ERROR_NO_DEVICE;
}

libusb_device *libusb_get_device(libusb_device_handle *handle)
{
    return handle->device;
}

void libusb_close(libusb_device_handle *handle)
{
    note(handle->device, "close");
    free(handle);
}

int libusb_reset_device(libusb_device_handle *handle)
{
    note(handle->device, "reset");
    scan();
    return handle->device->present ? 0 : LIBUSB_ERROR_NO_DEVICE;
}

/* --- kernel drivers --- */

static uint32_t bit_of(const struct libusb_device *device, int interface)
{
    return interface < interface_count(device) ? 1u << interface : 0;
}

int libusb_kernel_driver_active(libusb_device_handle *handle, int interface)
{
    struct libusb_device *device = handle->device;
    if (!device->present)
        return LIBUSB_ERROR_NO_DEVICE;
    return (device->drivers & bit_of(device, interface)) != 0;
}

int libusb_detach_kernel_driver(libusb_device_handle *handle, int interface)
{
    struct libusb_device *device = handle->device;
    if (!device->present)
        return LIBUSB_ERROR_NO_DEVICE;
    if ((device->drivers & bit_of(device, interface)) == 0)
        return LIBUSB_ERROR_NOT_FOUND;
    note(device, "detach-driver %d", interface);
    device->drivers &= ~bit_of(device, interface);
    return 0;
}

int libusb_attach_kernel_driver(libusb_device_handle *handle, int interface)
{
    struct libusb_device *device = handle->device;
    if (!device->present)
        return LIBUSB_ERROR_NO_DEVICE;
    if (bit_of(device, interface) == 0)
        return LIBUSB_ERROR_NOT_FOUND;
    note(device, "attach-driver %d", interface);
    device->drivers |= bit_of(device, interface);
    return 0;
}

/* --- interfaces --- */

int libusb_claim_interface(libusb_device_handle *handle, int interface)
{
    struct libusb_device *device = handle->device;
    int error = !device->present ? LIBUSB_ERROR_NO_DEVICE
        : bit_of(device, interface) == 0 ? LIBUSB_ERROR_NOT_FOUND
                                         : device->claim_error;
    if (error != 0)
        note(device, "claim %d error %d", interface, error);
    else
        note(device, "claim %d", interface);
    return error;
}

int libusb_release_interface(libusb_device_handle *handle, int interface)
{
    note(handle->device, "release %d", interface);
    return 0;
}

int libusb_set_configuration(libusb_device_handle *handle, int value)
{
    struct libusb_device *device = handle->device;
    note(device, "set-configuration %d", value);
    if (!device->present)
        return LIBUSB_ERROR_NO_DEVICE;
    if (value < 1 || value > device->descriptor.bNumConfigurations)
        return LIBUSB_ERROR_NOT_FOUND;
    device->active = value - 1;
    return 0;
}

int libusb_set_interface_alt_setting(libusb_device_handle *handle, int interface, int setting)
{
    struct libusb_device *device = handle->device;
    note(device, "set-setting %d %d", interface, setting);
    return device->present ? 0 : LIBUSB_ERROR_NO_DEVICE;
}

int libusb_clear_halt(libusb_device_handle *handle, unsigned char endpoint)
{
    note(handle->device, "clear-halt %02x", endpoint);
    return handle->device->present ? 0 : LIBUSB_ERROR_NO_DEVICE;
}

int libusb_alloc_streams(libusb_device_handle *handle, uint32_t count, unsigned char *endpoints, int endpoint_count)
{
    (void)endpoints, (void)endpoint_count;
    note(handle->device, "alloc-streams %u", count);
    return (int)count;
}

int libusb_free_streams(libusb_device_handle *handle, unsigned char *endpoints, int endpoint_count)
{
    (void)endpoints, (void)endpoint_count;
    note(handle->device, "free-streams");
    return 0;
}

int libusb_get_string_descriptor_ascii(libusb_device_handle *handle, uint8_t index, unsigned char *text, int length)
{
    const char *name = handle->device->name;
    if (index != STRING_PRODUCT || name[0] == 0)
        return LIBUSB_ERROR_INVALID_PARAM;
    return snprintf((char *)text, (size_t)length, "%s", name) >= length ? length - 1 : (int)strlen(name);
}
