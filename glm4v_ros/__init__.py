"""Ask a robot's cameras a question and get the answer from a GLM-4V model on the robot."""

from pkgutil import extend_path

# A checkout's glm4v_ros/ shadows the installed package, which holds the generated msg, srv and action modules.
__path__ = extend_path(__path__, __name__)

__version__ = "0.1.0"
