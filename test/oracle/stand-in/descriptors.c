/* Descriptors: parses a device's bytes as libusb does, and answers requests to endpoint 0 with them. */
#include "stand-in.h"
#include <stdlib.h>
#include <string.h>

static const struct configuration *active(const struct libusb_device *device)
{
    return device->descriptor.bNumConfigurations == 0 ? NULL : &device->configurations[device->active];
}

int interface_count(const struct libusb_device *device)
{
    const struct configuration *configuration = active(device);
    return configuration == NULL ? 0 : configuration->bytes[AT_INTERFACES];
}

static void *zeroed(size_t count, size_t size)
{
    /* libusb's structures are never NULL, even where there is nothing in them */
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL)
        fail("out of memory");
    return memory;
}

static void *copied(const uint8_t *bytes, size_t length)
{
    return memcpy(zeroed(length, 1), bytes, length);
}

/* Takes one endpoint from `at`; what follows it up to the next endpoint or interface is its `extra`. */
static const uint8_t *parse_endpoint(const uint8_t *at, const uint8_t *end, struct libusb_endpoint_descriptor *endpoint)
{
    endpoint->bLength = at[0];
    endpoint->bDescriptorType = at[1];
    endpoint->bEndpointAddress = at[2];
    endpoint->bmAttributes = at[3];
    endpoint->wMaxPacketSize = (uint16_t)(at[4] | at[5] << 8);
    endpoint->bInterval = at[6];
    const uint8_t *extra = at += at[0];
    while (at < end && at[1] != LIBUSB_DT_ENDPOINT && at[1] != LIBUSB_DT_INTERFACE)
        at += at[0];
    if (at > extra) {
        endpoint->extra = copied(extra, (size_t)(at - extra));
        endpoint->extra_length = (int)(at - extra);
    }
    return at;
}

static const uint8_t *parse_setting(const uint8_t *at, const uint8_t *end, struct libusb_interface_descriptor *setting)
{
    setting->bLength = at[0];
    setting->bDescriptorType = at[1];
    setting->bInterfaceNumber = at[2];
    setting->bAlternateSetting = at[3];
    setting->bNumEndpoints = at[AT_ENDPOINTS];
    setting->bInterfaceClass = at[5];
    setting->bInterfaceSubClass = at[6];
    setting->bInterfaceProtocol = at[7];
    setting->iInterface = at[8];
    at += at[0];
    struct libusb_endpoint_descriptor *endpoints = zeroed(setting->bNumEndpoints, sizeof(*endpoints));
    for (int i = 0; i < setting->bNumEndpoints; i++)
        at = parse_endpoint(at, end, &endpoints[i]);
    setting->endpoint = endpoints;
    return at;
}

struct libusb_config_descriptor *parse_configuration(const struct configuration *configuration)
{
    const uint8_t *at = configuration->bytes, *end = at + configuration->length;
    struct libusb_config_descriptor *parsed = zeroed(1, sizeof(*parsed));
    parsed->bLength = at[0];
    parsed->bDescriptorType = at[1];
    parsed->wTotalLength = (uint16_t)configuration->length;
    parsed->bNumInterfaces = at[AT_INTERFACES];
    parsed->bConfigurationValue = at[5];
    parsed->iConfiguration = at[6];
    parsed->bmAttributes = at[7];
    parsed->MaxPower = at[8];
    struct libusb_interface *interfaces = zeroed(parsed->bNumInterfaces, sizeof(*interfaces));
    for (at += at[0]; at < end;) {
        struct libusb_interface *interface = &interfaces[at[2]];
        size_t bytes = (size_t)(interface->num_altsetting + 1) * sizeof(*interface->altsetting);
        struct libusb_interface_descriptor *settings = realloc((void *)interface->altsetting, bytes);
        if (settings == NULL)
            fail("out of memory");
        interface->altsetting = settings;
        struct libusb_interface_descriptor *setting = &settings[interface->num_altsetting++];
        memset(setting, 0, sizeof(*setting));
        at = parse_setting(at, end, setting);
    }
    parsed->interface = interfaces;
    return parsed;
}

int libusb_get_device_descriptor(libusb_device *device, struct libusb_device_descriptor *descriptor)
{
    *descriptor = device->descriptor;
    return 0;
}

int libusb_get_config_descriptor(libusb_device *device, uint8_t index, struct libusb_config_descriptor **parsed)
{
    if (index >= device->descriptor.bNumConfigurations)
        return LIBUSB_ERROR_NOT_FOUND;
    *parsed = parse_configuration(&device->configurations[index]);
    return 0;
}

int libusb_get_active_config_descriptor(libusb_device *device, struct libusb_config_descriptor **parsed)
{
    const struct configuration *configuration = active(device);
    if (configuration == NULL)
        return LIBUSB_ERROR_NOT_FOUND;
    *parsed = parse_configuration(configuration);
    return 0;
}

void libusb_free_config_descriptor(struct libusb_config_descriptor *parsed)
{
    for (int i = 0; i < parsed->bNumInterfaces; i++) {
        const struct libusb_interface *interface = &parsed->interface[i];
        for (int a = 0; a < interface->num_altsetting; a++) {
            const struct libusb_interface_descriptor *setting = &interface->altsetting[a];
            for (int e = 0; e < setting->bNumEndpoints; e++)
                free((void *)setting->endpoint[e].extra);
            free((void *)setting->endpoint);
        }
        free((void *)interface->altsetting);
    }
    free((void *)parsed->interface);
    free(parsed);
}

int libusb_get_ss_endpoint_companion_descriptor(libusb_context *context, const struct libusb_endpoint_descriptor *endpoint,
                                                struct libusb_ss_endpoint_companion_descriptor **companion)
{
    (void)context;
    const uint8_t *extra = endpoint->extra;
    if (endpoint->extra_length < COMPANION_BYTES || extra[1] != LIBUSB_DT_SS_ENDPOINT_COMPANION)
        return LIBUSB_ERROR_NOT_FOUND;
    struct libusb_ss_endpoint_companion_descriptor *told = zeroed(1, sizeof(*told));
    told->bLength = extra[0];
    told->bDescriptorType = extra[1];
    told->bMaxBurst = extra[2];
    told->bmAttributes = extra[3];
    told->wBytesPerInterval = (uint16_t)(extra[4] | extra[5] << 8);
    *companion = told;
    return 0;
}

void libusb_free_ss_endpoint_companion_descriptor(struct libusb_ss_endpoint_companion_descriptor *companion)
{
    free(companion);
}

/* The name in UTF-16, each byte a character; its language is English (USB 2.0, 9.6.7). */
static int string_descriptor(const struct libusb_device *device, int index, uint8_t *bytes)
{
    int length = 2;
    if (index == 0) {
        bytes[length++] = 0x09;
        bytes[length++] = 0x04;
    } else if (index == STRING_PRODUCT && device->name[0] != 0) {
        for (const char *letter = device->name; *letter != 0; letter++) {
            bytes[length++] = (uint8_t)*letter;
            bytes[length++] = 0;
        }
    } else {
        return -1;
    }
    bytes[0] = (uint8_t)length;
    bytes[1] = LIBUSB_DT_STRING;
    return length;
}

static void device_bytes(const struct libusb_device_descriptor *descriptor, uint8_t *bytes)
{
    const uint8_t told[LIBUSB_DT_DEVICE_SIZE] = {
        descriptor->bLength,
        descriptor->bDescriptorType,
        LOW_BYTE(descriptor->bcdUSB),
        HIGH_BYTE(descriptor->bcdUSB),
        descriptor->bDeviceClass,
        descriptor->bDeviceSubClass,
        descriptor->bDeviceProtocol,
        descriptor->bMaxPacketSize0,
        LOW_BYTE(descriptor->idVendor),
        HIGH_BYTE(descriptor->idVendor),
        LOW_BYTE(descriptor->idProduct),
        HIGH_BYTE(descriptor->idProduct),
        LOW_BYTE(descriptor->bcdDevice),
        HIGH_BYTE(descriptor->bcdDevice),
        descriptor->iManufacturer,
        descriptor->iProduct,
        descriptor->iSerialNumber,
        descriptor->bNumConfigurations,
    };
    memcpy(bytes, told, sizeof(told));
}

/* Which bytes a GET_DESCRIPTOR asks for; a negative length when there are none. */
static int find_descriptor(const struct libusb_device *device, uint16_t value, const uint8_t **bytes)
{
    static uint8_t made[256];
    int type = value >> 8, index = value & 0xff;
    *bytes = made;
    if (type == LIBUSB_DT_DEVICE) {
        device_bytes(&device->descriptor, made);
        return LIBUSB_DT_DEVICE_SIZE;
    }
    if (type == LIBUSB_DT_CONFIG && index < device->descriptor.bNumConfigurations) {
        *bytes = device->configurations[index].bytes;
        return (int)device->configurations[index].length;
    }
    return type == LIBUSB_DT_STRING ? string_descriptor(device, index, made) : -1;
}

int answer(struct libusb_device *device, const struct libusb_control_setup *setup, uint8_t *data)
{
    /* libusb has the fields in the bus's byte order: little endian, as is the only machine that this runs on */
    if ((setup->bmRequestType & LIBUSB_ENDPOINT_IN) == 0)
        return setup->wLength;
    if ((setup->bmRequestType & LIBUSB_REQUEST_TYPE_VENDOR) != 0 || (setup->bmRequestType & LIBUSB_REQUEST_TYPE_CLASS) != 0)
        return -1;
    const uint8_t zeros[2] = {0, 0}, *bytes = zeros;
    int length;
    if (setup->bRequest == LIBUSB_REQUEST_GET_DESCRIPTOR)
        length = find_descriptor(device, setup->wValue, &bytes);
    else if (setup->bRequest == LIBUSB_REQUEST_GET_STATUS)
        length = sizeof(zeros);
    else
        length = -1;
    if (length > setup->wLength)
        length = setup->wLength;
    if (length > 0)
        memcpy(data, bytes, (size_t)length);
    return length;
}
