"""The MQTT connections between the gateway and its banks."""
