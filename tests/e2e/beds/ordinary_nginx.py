"""nginx, no AI."""

from beds.bed import Bed, Place

SETTINGS = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 'hello'; }} }}
}}
"""


def prepare(place: Place) -> None:
    (place.folder / "nginx.conf").write_text(SETTINGS.format(folder=place.folder, port=place.port))


def command(place: Place) -> list[str]:
    return ["nginx", "-c", str(place.folder / "nginx.conf")]


BED = Bed(name="ordinary-nginx", programs=("nginx",), prepare=prepare, command=command, ready_path="/")
