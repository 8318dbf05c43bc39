"""Stands in for the desktop's tray: takes the icons that programs register (StatusNotifierItem) and
uses their menus (com.canonical.dbusmenu) as a person does.

A line of JSON for each icon that comes or goes. For each line of input a line of JSON: `menu` gives
the entries of the newest icon's menu, `choose LABEL` presses one of them.
"""

import json
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"
PATIENCE_MS = 5_000
INTERFACE = f"""
<node><interface name='{WATCHER}'>
  <method name='RegisterStatusNotifierItem'><arg type='s' direction='in'/></method>
  <method name='RegisterStatusNotifierHost'><arg type='s' direction='in'/></method>
  <property name='RegisteredStatusNotifierItems' type='as' access='read'/>
  <property name='IsStatusNotifierHostRegistered' type='b' access='read'/>
  <property name='ProtocolVersion' type='i' access='read'/>
  <signal name='StatusNotifierItemRegistered'><arg type='s'/></signal>
  <signal name='StatusNotifierItemUnregistered'><arg type='s'/></signal>
  <signal name='StatusNotifierHostRegistered'/>
</interface></node>
"""

# Who owns each icon, and where it lies, the newest last.
icons = []


def tell(**what):
    print(json.dumps(what), flush=True)


def called(bus, sender, _path, _interface, method, words, reply):
    reply.return_value(None)
    if method == "RegisterStatusNotifierItem":
        (path,) = words.unpack()
        icons.append((sender, path if path.startswith("/") else "/StatusNotifierItem"))
        Gio.bus_watch_name_on_connection(bus, sender, Gio.BusNameWatcherFlags.NONE, None, lambda _bus, name: gone(name))
        tell(icon="registered")


def gone(name):
    icons[:] = [icon for icon in icons if icon[0] != name]
    tell(icon="gone")


def asked(_bus, _sender, _path, _interface, name):
    if name == "RegisteredStatusNotifierItems":
        return GLib.Variant("as", [owner + path for owner, path in icons])
    return GLib.Variant("b", True) if name == "IsStatusNotifierHostRegistered" else GLib.Variant("i", 0)


def call(bus, owner, path, interface, method, words):
    return bus.call_sync(owner, path, interface, method, words, None, Gio.DBusCallFlags.NONE, PATIENCE_MS, None).unpack()


def entries(bus):
    """Where the newest icon's menu lies, and its entries."""
    owner, path = icons[-1]
    (menu,) = call(bus, owner, path, PROPERTIES, "Get", GLib.Variant("(ss)", (ITEM, "Menu")))
    call(bus, owner, menu, MENU, "AboutToShow", GLib.Variant("(i)", (0,)))
    _, (_, _, children) = call(bus, owner, menu, MENU, "GetLayout", GLib.Variant("(iias)", (0, -1, [])))
    found = []
    for number, of, _ in children:
        if of.get("visible", True):
            label = None if of.get("type") == "separator" else of.get("label", "").replace("_", "")
            found.append({"id": number, "label": label, "enabled": of.get("enabled", True)})
    return owner, menu, found


def choose(bus, label):
    owner, menu, found = entries(bus)
    entry = next((entry for entry in found if entry["label"] == label and entry["enabled"]), None)
    if entry is None:
        return {"error": f"no entry {label!r} to choose", "entries": found}
    pressed = GLib.Variant("(isvu)", (entry["id"], "clicked", GLib.Variant("i", 0), 0))
    call(bus, owner, menu, MENU, "Event", pressed)
    return {"chosen": label}


def told(_source, _condition, bus):
    line = sys.stdin.readline()
    if not line:
        return False
    word, _, rest = line.strip().partition(" ")
    try:
        tell(**(choose(bus, rest) if word == "choose" else {"entries": entries(bus)[2]}))
    except (GLib.Error, IndexError) as error:
        tell(error=f"{word}: {error}")
    return True


def ready(bus, _name):
    bus.register_object("/StatusNotifierWatcher", Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0], called, asked, None)
    GLib.io_add_watch(sys.stdin.fileno(), GLib.IO_IN | GLib.IO_HUP, told, bus)
    tell(icon=None)


Gio.bus_own_name(Gio.BusType.SESSION, WATCHER, Gio.BusNameOwnerFlags.REPLACE, ready, None, None)
GLib.MainLoop().run()
