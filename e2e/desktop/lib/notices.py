"""Stands in for the desktop's notification service: prints each notification as a line of JSON."""

import json

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
</interface></node>
"""


def called(_bus, _sender, _path, _interface, method, words, reply):
    if method == "Notify":
        _, _, _, title, body, _, hints, _ = words.unpack()
        print(json.dumps({"title": title, "body": body, "sound": hints.get("sound-name")}), flush=True)
        reply.return_value(GLib.Variant("(u)", (1,)))
    elif method == "GetCapabilities":
        reply.return_value(GLib.Variant("(as)", (["body", "sound"],)))
    elif method == "GetServerInformation":
        reply.return_value(GLib.Variant("(ssss)", ("test", "mira", "1", "1.2")))
    else:
        reply.return_value(None)


def ready(bus, _name):
    description = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0]
    bus.register_object("/org/freedesktop/Notifications", description, called, None, None)
    print(json.dumps({"ready": True}), flush=True)


Gio.bus_own_name(Gio.BusType.SESSION, "org.freedesktop.Notifications", Gio.BusNameOwnerFlags.REPLACE, ready, None, None)
GLib.MainLoop().run()
