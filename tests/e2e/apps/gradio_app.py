"""A Gradio app: `PORT [USER PASSWORD]`."""

import sys

import gradio

demo = gradio.Interface(fn=lambda text: text[::-1], inputs="text", outputs="text", title="Reverse")
demo.launch(server_name="127.0.0.1", server_port=int(sys.argv[1]), auth=tuple(sys.argv[2:4]) or None, quiet=True)
