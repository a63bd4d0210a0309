"""A Streamlit app."""

import streamlit

streamlit.title("Reverse")
streamlit.write(streamlit.text_input("text", "abc")[::-1])
