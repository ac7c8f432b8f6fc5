/*
 * Transfers. Answers control requests at once, in the next turn of QEMU's main loop. All other requests wait for data that never comes,
 * until they are cancelled or the device is unplugged.
 */
#include "stand-in.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct pending {
    struct libusb_transfer *transfer;
    struct pending *next;
};

static struct pending *waiting, *done;
static int wake = -1;

static void append(struct pending **list, struct pending *one)
{
    while (*list != NULL)
        list = &(*list)->next;
    one->next = NULL;
    *list = one;
}

static void complete(struct pending *one, enum libusb_transfer_status status, int length)
{
    one->transfer->status = status;
    one->transfer->actual_length = length;
    append(&done, one);
    uint64_t count = 1;
    if (write(wake, &count, sizeof(count)) != sizeof(count))
        fail("eventfd: %m");
}

void pull(struct libusb_device *device)
{
    for (struct pending **place = &waiting; *place != NULL;) {
        struct pending *one = *place;
        if (one->transfer->dev_handle->device != device) {
            place = &one->next;
            continue;
        }
        *place = one->next;
        complete(one, LIBUSB_TRANSFER_NO_DEVICE, 0);
    }
}

int libusb_init(libusb_context **context)
{
    /* QEMU passes it back and reads nothing in it */
    static char nothing;
    *context = (libusb_context *)&nothing;
    if (wake < 0)
        wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake < 0)
        fail("eventfd: %m");
    return 0;
}

const struct libusb_pollfd **libusb_get_pollfds(libusb_context *context)
{
    (void)context;
    static struct libusb_pollfd one;
    one = (struct libusb_pollfd){.fd = wake, .events = POLLIN};
    const struct libusb_pollfd **list = calloc(2, sizeof(*list));
    if (list == NULL)
        fail("out of memory");
    list[0] = &one;
    return list;
}

void libusb_set_pollfd_notifiers(libusb_context *context, libusb_pollfd_added_cb added, libusb_pollfd_removed_cb removed,
                                 void *data)
{
    (void)context, (void)added, (void)removed, (void)data; /* there is one, and it stays */
}

struct libusb_transfer *libusb_alloc_transfer(int packets)
{
    return calloc(1, sizeof(struct libusb_transfer) + (size_t)packets * sizeof(struct libusb_iso_packet_descriptor));
}

void libusb_free_transfer(struct libusb_transfer *transfer)
{
    free(transfer);
}

void libusb_transfer_set_stream_id(struct libusb_transfer *transfer, uint32_t stream)
{
    (void)transfer, (void)stream;
}

int libusb_submit_transfer(struct libusb_transfer *transfer)
{
    scan();
    struct libusb_device *device = transfer->dev_handle->device;
    if (!device->present)
        return LIBUSB_ERROR_NO_DEVICE;
    struct pending *one = calloc(1, sizeof(*one));
    if (one == NULL)
        fail("out of memory");
    one->transfer = transfer;
    if (transfer->type != LIBUSB_TRANSFER_TYPE_CONTROL) {
        append(&waiting, one);
        return 0;
    }
    const struct libusb_control_setup *setup = libusb_control_transfer_get_setup(transfer);
    note(device, "control %02x %02x %04x %04x %d", setup->bmRequestType, setup->bRequest, setup->wValue, setup->wIndex,
         setup->wLength);
    int length = answer(device, setup, libusb_control_transfer_get_data(transfer));
    complete(one, length < 0 ? LIBUSB_TRANSFER_STALL : LIBUSB_TRANSFER_COMPLETED, length < 0 ? 0 : length);
    return 0;
}

int libusb_cancel_transfer(struct libusb_transfer *transfer)
{
    for (struct pending **place = &waiting; *place != NULL; place = &(*place)->next) {
        struct pending *one = *place;
        if (one->transfer != transfer)
            continue;
        *place = one->next;
        complete(one, LIBUSB_TRANSFER_CANCELLED, 0);
        return 0;
    }
    return LIBUSB_ERROR_NOT_FOUND;
}

int libusb_handle_events_timeout(libusb_context *context, struct timeval *timeout)
{
    (void)context, (void)timeout;
    uint64_t count;
    ssize_t ignored = read(wake, &count, sizeof(count));
    (void)ignored;
    /* The next turn handles what the callbacks submit. */
    struct pending *list = done;
    done = NULL;
    while (list != NULL) {
        struct pending *one = list;
        list = one->next;
        struct libusb_transfer *transfer = one->transfer;
        free(one);
        transfer->callback(transfer);
    }
    return 0;
}
