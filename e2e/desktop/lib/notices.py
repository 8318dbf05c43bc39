"""Stands in for the desktop's notification service: prints each notification as a line of JSON, and
clicks on the one whose id comes as a line of input."""

import json
import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

INTERFACE = """
<node><interface name='org.freedesktop.Notifications'>
  <method name='Notify'>
    <arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>
    <arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='as' direction='in'/>
    <arg type='a{sv}' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='out'/>
  </method>
  <method name='CloseNotification'><arg type='u' direction='in'/></method>
  <method name='GetCapabilities'><arg type='as' direction='out'/></method>
  <method name='GetServerInformation'>
    <arg type='s' direction='out'/><arg type='s' direction='out'/>
    <arg type='s' direction='out'/><arg type='s' direction='out'/>
  </method>
  <signal name='ActionInvoked'><arg type='u'/><arg type='s'/></signal>
  <signal name='NotificationClosed'><arg type='u'/><arg type='u'/></signal>
</interface></node>
"""


PATH = "/org/freedesktop/Notifications"
shown = []


def called(_bus, _sender, _path, _interface, method, words, reply):
    if method == "Notify":
        _, _, _, title, body, actions, hints, _ = words.unpack()
        shown.append(title)
        told = {"id": len(shown), "title": title, "body": body, "actions": actions, "sound": hints.get("sound-name")}
        print(json.dumps(told), flush=True)
        reply.return_value(GLib.Variant("(u)", (len(shown),)))
    elif method == "GetCapabilities":
        reply.return_value(GLib.Variant("(as)", (["body", "sound", "actions"],)))
    elif method == "GetServerInformation":
        reply.return_value(GLib.Variant("(ssss)", ("test", "mira", "1", "1.2")))
    else:
        reply.return_value(None)


def click(_source, _condition, bus):
    line = sys.stdin.readline()
    if line:
        number = int(line)
        for signal, words in (("ActionInvoked", ("(us)", (number, "default"))), ("NotificationClosed", ("(uu)", (number, 2)))):
            bus.emit_signal(None, PATH, "org.freedesktop.Notifications", signal, GLib.Variant(*words))
    return bool(line)


def ready(bus, _name):
    description = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0]
    bus.register_object(PATH, description, called, None, None)
    GLib.io_add_watch(sys.stdin.fileno(), GLib.IO_IN | GLib.IO_HUP, click, bus)
    print(json.dumps({"ready": True}), flush=True)


Gio.bus_own_name(Gio.BusType.SESSION, "org.freedesktop.Notifications", Gio.BusNameOwnerFlags.REPLACE, ready, None, None)
GLib.MainLoop().run()
