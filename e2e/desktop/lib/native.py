"""Native windows, through the accessibility bus.

native.py press TITLE BUTTON   waits for the dialog, prints its text, presses the button
native.py gone TITLE           waits until no such dialog is shown
native.py close TITLE          leaves the dialog with Escape
native.py shot FILE            the active window with its frame as PNG
native.py cover SECONDS        another window in front, for so long
native.py drag FILE X Y        drags a file to that place of the app's window, drops it when a line comes in
"""

import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

PATIENCE_S = 20
DIALOGS = (Atspi.Role.ALERT, Atspi.Role.DIALOG, Atspi.Role.FILE_CHOOSER)


def children(node):
    for index in range(node.get_child_count()):
        child = node.get_child_at_index(index)
        if child is not None:
            yield child


def walk(node, depth=0):
    yield node
    if depth < 14:
        for child in children(node):
            yield from walk(child, depth + 1)


def showing(node):
    return node.get_state_set().contains(Atspi.StateType.SHOWING)


def titled(window, title):
    """A message box is named after its kind; what it is called stands in its first label."""
    if window.get_name() == title:
        return True
    return any(node.get_role() == Atspi.Role.LABEL and node.get_name() == title for node in walk(window))


def find_dialog(title):
    for application in children(Atspi.get_desktop(0)):
        for window in children(application):
            if window.get_role() in DIALOGS and showing(window) and titled(window, title):
                return window
    return None


def wait_for(question, what):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            answer = question()
        except gi.repository.GLib.Error:
            # A window that is just being closed does not answer.
            answer = None
        if answer:
            return answer
        time.sleep(0.05)
    sys.exit(f"not seen within {PATIENCE_S} s: {what}")


def press(title, label):
    dialog = wait_for(lambda: find_dialog(title), f"the dialog {title!r}")
    nodes = list(walk(dialog))
    for node in nodes:
        if node.get_role() == Atspi.Role.LABEL and node.get_name():
            print(node.get_name())
    buttons = [node for node in nodes if node.get_role() == Atspi.Role.PUSH_BUTTON]
    print("buttons:", ", ".join(button.get_name() for button in buttons))
    for button in buttons:
        if button.get_name() == label:
            Atspi.Action.do_action(button, 0)
            return
    sys.exit(f"the dialog {title!r} has no button {label!r}")


def gone(title):
    wait_for(lambda: find_dialog(title) is None, f"the end of the dialog {title!r}")


def close(title):
    import subprocess

    wait_for(lambda: find_dialog(title), f"the dialog {title!r}")
    window = subprocess.run(
        ["xdotool", "search", "--name", f"^{title}$"], capture_output=True, text=True, check=True
    ).stdout.split()[-1]
    subprocess.run(["xdotool", "windowactivate", "--sync", window, "key", "Escape"], check=True)


def shot(file):
    gi.require_version("Gdk", "3.0")
    from gi.repository import Gdk

    root = Gdk.get_default_root_window()
    active = Gdk.Screen.get_default().get_active_window()
    if active is None:
        area = Gdk.Rectangle()
        area.width, area.height = root.get_width(), root.get_height()
    else:
        area = active.get_frame_extents()
    picture = Gdk.pixbuf_get_from_window(root, area.x, area.y, area.width, area.height)
    picture.savev(file, "png", [], [])


def cover(seconds):
    gi.require_version("Gtk", "3.0")
    from gi.repository import GLib, Gtk

    window = Gtk.Window(title="Something else")
    window.set_default_size(300, 200)
    window.connect("focus-in-event", lambda *_: print("in front", flush=True))
    window.show_all()
    window.present()
    GLib.timeout_add(int(float(seconds) * 1000), Gtk.main_quit)
    Gtk.main()


def drag(file, x, y):
    """A real drag (XDND): GTK is the source, the pointer moves as a hand does until a line comes in."""
    import pathlib
    import subprocess
    import threading

    gi.require_version("Gdk", "3.0")
    gi.require_version("Gtk", "3.0")
    from gi.repository import Gdk, GLib, Gtk

    def xdotool(*words):
        return subprocess.run(["xdotool", *map(str, words)], capture_output=True, text=True, check=True).stdout

    app = xdotool("search", "--onlyvisible", "--name", "Mira$").split()[-1]
    place = dict(line.split("=") for line in xdotool("getwindowgeometry", "--shell", app).split())
    target = (int(place["X"]) + int(x), int(place["Y"]) + int(y))

    window = Gtk.Window(type=Gtk.WindowType.POPUP)
    window.set_default_size(60, 60)
    window.move(4, 4)
    source = Gtk.EventBox()
    source.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
    source.drag_source_add_uri_targets()
    uri = pathlib.Path(file).resolve().as_uri()
    source.connect("drag-data-get", lambda _source, _context, data, *_: data.set_uris([uri]))
    begun, drop = threading.Event(), threading.Event()
    source.connect("drag-begin", lambda *_: begun.set())

    def ended(_source, context):
        print("taken" if Gdk.drag_drop_succeeded(context) else "refused", flush=True)
        Gtk.main_quit()

    source.connect("drag-end", ended)

    def move():
        xdotool("mousemove", 30, 30, "mousedown", 1)
        step = 0
        while not drop.is_set():
            step += 1
            from_here = target if begun.is_set() else (30, 30)
            xdotool("mousemove", from_here[0] + step % 16, from_here[1] + step % 12)
            time.sleep(0.02)
        xdotool("mouseup", 1)

    window.add(source)
    window.show_all()
    threading.Thread(target=lambda: (sys.stdin.readline(), drop.set()), daemon=True).start()
    threading.Thread(target=move, daemon=True).start()
    GLib.timeout_add_seconds(2 * PATIENCE_S, Gtk.main_quit)
    Gtk.main()


if __name__ == "__main__":
    command, *words = sys.argv[1:]
    {"press": press, "gone": gone, "close": close, "shot": shot, "cover": cover, "drag": drag}[command](*words)
